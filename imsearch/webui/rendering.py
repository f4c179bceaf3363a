"""From templates to pages."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from imsearch.webui import assets, shapes
from imsearch.webui.telling import EXAMPLES
from imsearch.webui.texts import readable

THEMES = ("light", "dark")


class Pages:
    """Renders the templates of the package.

    Every page knows `path`, the address asked for, `theme`, what the visitor chose ("" for as the system says),
    `signed_in`, whether there is a session to sign out of, and `static(name)`, the address of a file in ``static/``
    that changes with its content, so that browsers may keep it; and for pictures in their true shape
    `shape(width, height)`, a class of the stylesheet at `shapes`.
    """

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("imsearch.webui"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["readable"] = lambda path: readable(str(path))
        self._addresses = assets.addresses()
        self._environment.globals.update(
            static=self.static, shape=shapes.shape, shapes=shapes.ADDRESS, examples=EXAMPLES
        )

    @property
    def environment(self) -> Environment:
        """For filters and globals that pages add."""
        return self._environment

    def static(self, name: str) -> str:
        """The address of a file that is served as it is."""
        return self._addresses[name]

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, or a part of one.  Browsers may keep it, but ask each time whether it is still so."""
        theme, signed_in = looks(request)
        text = self._environment.get_template(template).render(
            path=request.scope["path"], theme=theme, signed_in=signed_in, **values
        )
        return HTMLResponse(text, status, headers={"Cache-Control": "no-cache"})


def looks(request: Request) -> tuple[str, bool]:
    """What pages depend on beside what they are given: the theme that was chosen, whether there is a session."""
    theme = request.cookies.get("theme", "")
    return theme if theme in THEMES else "", "imsearch.signed_in" in request.scope
