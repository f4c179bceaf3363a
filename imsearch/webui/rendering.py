"""Render templates to pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from imsearch.webui import assets, shapes
from imsearch.webui.guard.sub_path import prefix_of, root_of
from imsearch.webui.headlines import EXAMPLES
from imsearch.webui.texts import readable

THEMES = ("light", "dark")


class Pages:
    """Renders the templates of the package.

    Every page gets `path`, the requested address, `theme`, the visitor's choice ("" for the system's),
    `signed_in`, True if there is a session to sign out of, and `static(name)`, the address of a file in ``static/``
    that changes with its content, so that browsers may cache it; and for the aspect ratios of pictures
    `shape(width, height)`, a class of the stylesheet at `shapes`.

    All our addresses are written relative to the page, so that they work below any sub-path of a proxy:
    `root` is the relative address of the start page, and the filter `here` makes an address such as "/tags" relative.
    Links on the page of tags are written from the root (`rooted`), so that programs may follow them without knowing the
    page; its script makes them relative.
    """

    def __init__(self, menu: Sequence[tuple[str, str, str]] = ()) -> None:
        """menu: address, name and glyph of the pages in the menu, in its order."""
        self._environment = Environment(
            loader=PackageLoader("imsearch.webui"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["readable"] = lambda path: readable(str(path))
        self._environment.filters["here"] = _here
        self._environment.filters["rooted"] = _rooted
        self._addresses = assets.addresses()
        self._environment.globals.update(
            static=self.static, shape=shapes.shape, shapes=shapes.ADDRESS, examples=EXAMPLES, menu=menu
        )

    @property
    def environment(self) -> Environment:
        """The Jinja environment, for filters and globals that pages add."""
        return self._environment

    @pass_context
    def static(self, context: Context, name: str) -> str:
        """Return the address of a static file, relative to the page."""
        return _here(context, self._addresses[name])

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page, or a part of one.  Browsers may cache it, but revalidate each time.

        root: the relative address of the start page, for a part that is inserted into a page with another address.
        """
        theme, signed_in = looks(request)
        more = {
            "root": root_of(request.scope),
            "prefix": prefix_of(request.scope),
            "theme": theme,
            "signed_in": signed_in,
        }
        text = self._environment.get_template(template).render(path=request.scope["path"], **(more | values))
        return HTMLResponse(text, status, headers={"Cache-Control": "no-cache"})


@pass_context
def _here(context: Context, address: str) -> str:
    """Return one of our addresses relative to the page; any other unchanged."""
    return context["root"] + address[1:] if address.startswith("/") and not address.startswith("//") else address


@pass_context
def _rooted(context: Context, address: str) -> str:
    """Return one of our addresses from the server's root, below the sub-path of a proxy."""
    return f"{context['prefix']}{address}"


def looks(request: Request) -> tuple[str, bool]:
    """Return what pages depend on besides their data: the chosen theme, and True if there is a session."""
    theme = request.cookies.get("theme", "")
    return theme if theme in THEMES else "", "imsearch.signed_in" in request.scope
