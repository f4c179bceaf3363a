"""``imsearch serve``: the web pages and the JSON API."""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imsearch.cli.common import library_option, open_library, say
from imsearch.cli.stdout import ReaderGone
from imsearch.settings import Settings, command_line, load_settings

if TYPE_CHECKING:
    from imsearch.webui.guard.access import Access


@click.command(
    epilog="""\b
Examples:
  imsearch serve                       on this machine only: http://127.0.0.1:8000/
  imsearch serve --open                and show it in the browser
  imsearch serve --host 0.0.0.0        for other devices too, which need a token
  imsearch serve --behind-proxy 127.0.0.1 --allow-host photos.example.org
  imsearch serve --root-path /photos   below https://example.org/photos/, with a reverse proxy
"""
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="The port; 0 takes a free one.",
)
@click.option("--open/--no-open", "show", default=False, help="Show the page in the browser.")
@click.option("--token", "ask", is_flag=True, help="Ask for a token on this machine too, if several people use it.")
@click.option("--new-token", is_flag=True, help="Make a new token, and sign everybody out.")
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Another host name of the server, which makes it ask for a token; may be given again.",
)
@click.option(
    "--behind-proxy",
    metavar="ADDRESS",
    help="Trust the reverse proxy at this address to name its clients, and ask for a token.",
)
@click.option(
    "--allow-root",
    "allowed_roots",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Another folder whose subfolders can be added from the pages; may be given again.",
)
@click.option(
    "--root-path",
    default="",
    metavar="PATH",
    help="Serve below this path of a reverse proxy, such as /photos.",
)
@click.option("--verbose", is_flag=True, help="Log every request to stderr.")
@library_option
def serve(
    host: str,
    port: int,
    show: bool,
    ask: bool,
    new_token: bool,
    allowed_hosts: tuple[str, ...],
    behind_proxy: str | None,
    allowed_roots: tuple[Path, ...],
    root_path: str,
    verbose: bool,
    library: Path | None,
) -> int:
    """Serve web pages and a JSON API for the library.

    Other devices and programs need a token, which is generated and printed once when the server first listens for them.
    Ctrl-C stops it.
    """
    from imsearch.webui import sockets as listening
    from imsearch.webui.guard.sub_path import parse_prefix

    prefix = parse_prefix(root_path)
    settings = load_settings({"library": library, "allowed_hosts": allowed_hosts, "allowed_roots": allowed_roots})
    host = host.strip("[]")
    sockets = listening.bind(host, port)
    try:
        _make_library(settings)
        asked = ask or new_token or behind_proxy is not None or bool(settings.allowed_hosts)
        with open_library(settings) as opened:
            guarded = asked or not listening.only_here(sockets)
            access, token = _prepare(opened.scratch, new_token) if guarded else (None, None)
            from imsearch.webui.app import create_app
            from imsearch.webui.guard.hosts import Hosts
            from imsearch.webui.picking import picker_for
            from imsearch.webui.serving import serve as run

            only_here = listening.only_here(sockets)
            picker = picker_for(settings, opened.scratch, only_here=only_here, proxy=behind_proxy, prefix=prefix)
            hosts = Hosts.of(host, settings.allowed_hosts)
            app = create_app(opened, access=access, hosts=hosts, prefix=prefix, picker=picker)
            outside = settings.allowed_hosts[0] + prefix if behind_proxy and settings.allowed_hosts else None

            def told() -> None:
                with suppress(ReaderGone):  # the server does not depend on the reader of its output
                    _tell(listening.addresses(sockets, host), outside, access, token, show)

            run(app, sockets, told, proxy=behind_proxy, verbose=verbose)
    finally:
        listening.close(sockets)
    say("Stopped.")
    gc.freeze()  # everything is closed; otherwise the garbage collector scans all of the library's objects at exit
    return 0


def _make_library(settings: Settings) -> None:
    """Create an empty library for users who have indexed nothing yet."""
    from imsearch.engine.stores.registry import is_library

    if not is_library(settings.library):
        with open_library(settings, create=True) as made:
            place = made.place
        fill = command_line("index", settings)
        say(f"There was no library yet; {place} is one now. Fill it with: {fill} FOLDER")


def _prepare(folder: Path, new: bool) -> tuple[Access, str | None]:
    from imsearch.webui.guard.access import Access

    access = Access(folder)
    return access, access.ensure_token(new=new)


def _tell(addresses: list[str], outside: str | None, access: Access | None, token: str | None, show: bool) -> None:
    """Print the address; and the token, if it has just been created.

    outside: the host name, and the path, under which a reverse proxy forwards requests of other devices.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    best, *others = addresses
    console.print(
        "imsearch serves", Text(best, f"bold link {best}"), *(f"or {each}" for each in others), "(Ctrl-C stops it)"
    )
    if token is not None:
        link = f"{best}login#{token}" if outside is None else f"https://{outside}/login#{token}"
        console.print("Token, shown only this once:", Text(token, "bold"))
        console.print("Sign in with it, or open:", Text(link, f"link {link}"))
    elif access is not None:
        console.print("It asks for the token that was shown before; --new-token makes a new one.")
    console.file.flush()
    if show:
        import threading
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(best,), daemon=True).start()  # some browsers block
