"""`imsearch serve` as a process: what it prints, whom it answers, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from imsearch.cli import main
from imsearch.cli.root import root
from imsearch.errors import ImsearchError
from imsearch.settings import load_settings
from imsearch.webui.guard.access import FILE_NAME
from imsearch.webui.sockets import bind, close
from tests.cli.conftest import Run
from tests.cli.test_robust import loaded_modules
from tests.patience import PATIENCE, Process, wait_until


class Served:
    """A server in a process of its own."""

    def __init__(self, folder: Path, *arguments: str, program: str = "") -> None:
        environment = os.environ | {
            "IMSEARCH_LIBRARY": str(folder / "library"),
            "IMSEARCH_CONFIG": str(folder / "config.toml"),
            "PYTHONUNBUFFERED": "1",
        }
        run = f"import sys; from imsearch.cli import main\n{program}\nsys.exit(main(sys.argv[1:]))"
        self.process = Process([sys.executable, "-c", run, "serve", "--port", "0", *arguments], env=environment)
        self.first = self.process.out.next()
        found = re.fullmatch(r"imsearch serves (http://(\S+):(\d+)/)( or \S+)? \(Ctrl-C stops it\)\n", self.first)
        assert found, (self.first, self.process.wait())
        self.address, self.host, self.port = found[1], found[2], int(found[3])

    def get(self, path: str, host: str = "127.0.0.1", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(host, self.port, timeout=PATIENCE)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """The exit code, and what was still printed."""
        self.process.signal(number)
        return self.process.wait()


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    running: list[Served] = []

    def start(*arguments: str, program: str = "") -> Served:
        running.append(Served(tmp_path, *arguments, program=program))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()


def test_it_prints_its_address_answers_and_stops(serve: Serve, tmp_path: Path) -> None:
    served = serve()
    assert served.host == "127.0.0.1"
    status, headers, _ = served.get("/static/base.css")
    assert status == 200
    assert "server" not in headers and "date" in headers
    assert served.get("/api/openapi.json", Host="evil.example")[0] == 421
    code, out, err = served.stop()
    assert (code, out) == (0, "")
    assert err == (
        f"There was no library yet; {tmp_path / 'library'} is one now. "
        f"Fill it with: imsearch index --library {tmp_path / 'library'} FOLDER\nStopped.\n"
    )
    assert not (tmp_path / "library" / FILE_NAME).exists()


def test_it_stops_when_the_system_asks(serve: Serve) -> None:
    assert serve().stop(signal.SIGTERM)[0] == 0


def test_it_stops_when_its_terminal_is_closed(serve: Serve) -> None:
    code, out, err = serve().stop(signal.SIGHUP)
    assert (code, out, err.splitlines()[-1:]) == (0, "", ["Stopped."])


SLOW = """
import imsearch.webui.app as app, threading
make = app.create_app
def slow(*arguments, **more):
    made = make(*arguments, **more)
    @made.get("/api/slow")
    def wait():
        print("at work", file=sys.stderr, flush=True)
        threading.Event().wait()
    return made
app.create_app = slow
"""


def test_it_stops_though_requests_are_open_and_a_thread_is_busy(serve: Serve) -> None:
    served = serve(program=SLOW)
    idle = socket.create_connection(("127.0.0.1", served.port))
    half = socket.create_connection(("127.0.0.1", served.port))
    half.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx")
    busy = socket.create_connection(("127.0.0.1", served.port))
    busy.sendall(b"GET /api/slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert "at work\n" in iter(served.process.err.next, "")  # and the others, who came before, are accepted
    code, _, err = served.stop()
    assert code == 0 and "Traceback" not in err
    for each in (idle, half, busy):
        each.close()


def test_verbose_logs_requests_without_secrets(serve: Serve) -> None:
    quiet, chatty = serve(), serve("--verbose", "--token")
    secret = re.search(r"Token, shown only this once: (\S+)", chatty.process.out.next())
    assert secret
    for each in (quiet, chatty):
        each.get("/api/openapi.json", Authorization=f"Bearer {secret[1]}")
    assert "openapi" not in quiet.stop()[2]
    err = chatty.stop()[2]
    assert '"GET /api/openapi.json HTTP/1.1" 200' in err
    assert secret[1] not in err


def test_a_mistake_of_ours_is_logged_once(serve: Serve) -> None:
    served = serve(program=SLOW.replace("threading.Event().wait()", "raise RuntimeError('on purpose')"))
    assert served.get("/api/slow")[0] == 500
    err = served.stop()[2]
    assert err.count("RuntimeError: on purpose") == 1


def test_the_token_is_printed_once_and_lets_programs_in(serve: Serve, tmp_path: Path) -> None:
    first = serve("--token")
    told = re.fullmatch(r"Token, shown only this once: (\S{43})\n", first.process.out.next())
    assert told
    link = first.process.out.next()
    assert link == f"Sign in with it, or open: {first.address}login#{told[1]}\n"
    assert told[1] not in (tmp_path / "library" / FILE_NAME).read_text()
    assert first.get("/api/openapi.json")[0] == 401
    assert first.get("/api/openapi.json", Authorization=f"Bearer {told[1]}")[0] == 200
    second = serve("--token")
    assert second.process.out.next() == "It asks for the token that was shown before; --new-token makes a new one.\n"
    assert second.get("/api/openapi.json", Authorization=f"Bearer {told[1]}")[0] == 200
    third = serve("--new-token")
    third.get("/login")
    for each in (first, second, third):
        assert each.get("/api/openapi.json", Authorization=f"Bearer {told[1]}")[0] == 401


def test_other_devices_need_the_token(serve: Serve) -> None:
    served = serve(program="import imsearch.webui.sockets as sockets\nsockets.only_here = lambda bound: False")
    assert served.process.out.next().startswith("Token, shown only this once: ")
    assert served.get("/api/openapi.json")[0] == 401


def test_another_name_needs_the_token_and_no_proxy_is_believed_unasked(serve: Serve) -> None:
    served = serve("--allow-host", "photos.example")
    assert served.get("/api/openapi.json", Host="photos.example")[0] == 401
    assert served.get("/login", Host="other.example")[0] == 421
    status, headers, _ = served.get("/login", Host="photos.example", X_Forwarded_Proto="https")
    assert status == 200 and "cross-origin-opener-policy" not in headers


def test_a_named_proxy_is_believed(serve: Serve) -> None:
    served = serve("--behind-proxy", "127.0.0.1", "--allow-host", "photos.example")
    assert served.get("/api/openapi.json", Host="photos.example", X_Forwarded_Proto="https")[0] == 401
    status, headers, _ = served.get("/login", Host="photos.example", X_Forwarded_Proto="https")
    assert status == 200 and "cross-origin-opener-policy" in headers  # as for https
    assert "open: https://photos.example/login#" in served.stop()[1]


def test_it_listens_on_ipv6(serve: Serve) -> None:
    if not socket.has_ipv6 or not _has("::1"):
        pytest.skip("this machine has no IPv6")
    served = serve("--host", "::1")
    assert served.host == "[::1]"
    assert served.get("/static/base.css", host="::1", Host=f"[::1]:{served.port}")[0] == 200


def _has(address: str) -> bool:
    try:
        close(bind(address, 0))
    except ImsearchError:
        return False
    return True


def test_it_opens_the_browser(serve: Serve, tmp_path: Path) -> None:
    note = tmp_path / "opened"
    program = f"import webbrowser, pathlib; webbrowser.open = lambda url: pathlib.Path({str(note)!r}).write_text(url)"
    served = serve("--open", "--new-token", program=program)
    wait_until(lambda: note.exists() and note.read_text())
    assert note.read_text() == served.address  # without the token: other users see what processes are called with


# -- mistakes


def test_a_port_in_use_is_named_with_one_that_is_free(run: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run("serve", "--port", str(port))
    assert ran.code == 2
    found = re.fullmatch(
        rf"imsearch: Port {port} is in use, perhaps by another imsearch\. "
        r"Port (\d+) is free: imsearch serve --port (\d+)\n",
        ran.err,
    )
    assert found and found[1] == found[2]
    assert not (tmp_path / "library").exists()
    with socket.socket() as free:
        free.bind(("127.0.0.1", int(found[1])))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "192.0.2.7"], "192.0.2.7 is not an address of this machine"),
        (["--host", "no such host"], "There is no address for the host"),
        (["--port", "70000"], "Invalid value for '--port'"),
        (["--allow-host", "http://photos.example"], "names of hosts have neither http:// nor a port"),
    ],
)
def test_mistakes_in_the_call_are_named(run: Run, arguments: list[str], told: str) -> None:
    ran = run("serve", *arguments)
    assert ran.code == 2
    assert told in ran.err and "Traceback" not in ran.err


def test_a_folder_of_other_things_is_not_made_a_library(run: Run, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "letter.txt").touch()
    ran = run("serve", "--port", "0")
    assert ran.code == 2 and "is not a library: it holds other files" in ran.err
    assert [path.name for path in (tmp_path / "library").iterdir()] == ["letter.txt"]


def test_names_in_the_settings_ask_for_the_token(tmp_path: Path) -> None:
    environ = {"IMSEARCH_CONFIG": str(tmp_path / "none"), "IMSEARCH_ALLOWED_HOSTS": "a.example, b.example"}
    assert load_settings(environ=environ).allowed_hosts == ("a.example", "b.example")
    assert load_settings({"allowed_hosts": ("c",)}, environ).allowed_hosts == ("c",)
    assert load_settings(environ=environ).upload_limit == 64
    for wrong in ("http://a", "a:80", "a/b"):
        with pytest.raises(ImsearchError, match="IMSEARCH_ALLOWED_HOSTS"):
            load_settings(environ=environ | {"IMSEARCH_ALLOWED_HOSTS": wrong})


def test_other_commands_import_no_server(tmp_path: Path) -> None:
    environment = {"IMSEARCH_LIBRARY": str(tmp_path / "library"), "IMSEARCH_CONFIG": str(tmp_path / "config.toml")}
    for arguments in (["--help"], ["serve", "--help"], ["tags", "--help"]):
        loaded = loaded_modules(arguments, environment)
        assert not loaded.intersection({"fastapi", "starlette", "uvicorn", "jinja2", "limits", "imsearch.webui"})


def test_the_help_knows_it(run: Run) -> None:
    helped = run("--help").out
    assert "serve" in helped
    command = root.get_command(None, "serve")  # type: ignore[arg-type]
    assert command is not None and command.help is not None


def test_it_serves_below_a_path_that_is_taken_off_or_not(serve: Serve) -> None:
    served = serve("--root-path", "/photos")
    for address in ("/tags/", "/photos/tags/"):
        status, headers, _ = served.get(address)
        assert (status, headers["location"]) == (307, "/photos/tags")
    assert served.get("/api/folders")[0] == 403  # there is a proxy, so nobody adds folders from the pages


def test_where_no_proxy_is_named_one_on_this_machine_may_say_the_path(serve: Serve, tmp_path: Path) -> None:
    served = serve("--allow-root", str(tmp_path))
    assert served.get("/tags/", X_Forwarded_Prefix="/photos")[1]["location"] == "/photos/tags"
    assert served.get("/tags/", X_Forwarded_Prefix="//evil.example")[1]["location"] == "/tags"
    assert str(tmp_path) in served.get("/api/folders")[2].decode()
    assert served.get("/api/folders", X_Forwarded_Prefix="/photos")[0] == 403


@pytest.mark.parametrize("path", ["//evil.example", "/a/../b", "/tags", "https://example.org/photos"])
def test_a_path_that_cannot_be_served_below_is_refused(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--root-path", path, "--library", str(tmp_path / "library")]) == 2
    assert path in capsys.readouterr().err
    assert not (tmp_path / "library").exists()
