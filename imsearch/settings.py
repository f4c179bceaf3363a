"""Settings, in order of precedence: flags, ``IMSEARCH_*`` variables, ``config.toml``, defaults.

The file is in the platform's configuration folder (``imsearch status`` prints the path) or at ``IMSEARCH_CONFIG``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from imsearch.errors import ImsearchError
from imsearch.locations import Location, located, masked, scheme_of, shown

PREFIX = "IMSEARCH_"
CONFIG_VARIABLE = "IMSEARCH_CONFIG"


def _user_data() -> Path:
    from platformdirs import user_data_path

    return user_data_path("imsearch", appauthor=False)


def _setting(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Settings:
    """All user settings; each field is a key of ``config.toml`` and, in capitals, a variable ``IMSEARCH_…``."""

    library: Location = field(default_factory=_user_data, metadata={"help": "The folder of the library."})
    folders: tuple[Path, ...] = _setting(
        (), "The folders of pictures, which `imsearch index` brings up to date; by default those it was given before."
    )
    exclude: tuple[str, ...] = _setting(
        (), "Globs of files and folders to exclude, as in a .gitignore file; see docs/folders.md."
    )
    annotators: tuple[str, ...] = _setting((), "The annotators to use; all that run by default when none is named.")
    device: str = _setting("auto", "Where models run: `auto`, `cpu`, `cuda` or `cuda:N`.")
    cpu_runtime: str = _setting(
        "auto",
        "What runs models on a processor: `openvino`, `openvino-bfloat16` (faster where the processor has it, and less "
        "exact) or `torch`; `auto` takes OpenVINO where it is installed.",
    )
    batch_size: int | None = _setting(None, "Pictures per forward pass of a model; by default its own preference.")
    workers: int | None = _setting(
        None, "Number of pictures read at the same time; by default the number of processors."
    )
    decode_seconds: float = _setting(6.0, "Limit of processor time in seconds for decoding a picture.")
    compare_ctime: bool = _setting(
        True, "Read a file again if only its ctime has changed, as after an edit that keeps size and time."
    )
    limit: int = _setting(20, "Maximum number of results printed.")
    min_score: float | None = _setting(
        None, "Results with a lower score, in 0 to 1, are left out; by default those far below the best."
    )
    visual_evidence: bool = _setting(False, "Rank pictures that look like the best hits higher; slower.")
    thumbnail_cache: int = _setting(1000, "Maximum MB of thumbnails cached in the library; 0 caches none.")
    languages: tuple[str, ...] = _setting(
        (), "The languages of queries besides English, such as `de`, or files of words; by default the system's."
    )
    semantic: str = _setting("auto", "A sentence encoder for free text: `auto` where it is installed, or `off`.")
    allowed_hosts: tuple[str, ...] = _setting((), "Further host names of `imsearch serve`, such as a proxy's.")
    allowed_roots: tuple[Path, ...] = _setting(
        (), "Further places whose folders can be added from the pages, besides your home and mounted disks."
    )
    upload_limit: int = _setting(64, "Maximum megabytes of one upload to `imsearch serve`.")


def load_settings(flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Load the settings.

    flags: values from the command line, by field name; None and () stand for a flag that was not given.
    Raises ImsearchError naming the source of an invalid value.
    """
    environ = os.environ if environ is None else environ
    path = config_path(environ)
    values = {name: _parse(name, value, f"in {path}") for name, value in _from_file(path).items()}
    for each in fields(Settings):
        variable = PREFIX + each.name.upper()
        if text := environ.get(variable):
            values[each.name] = _parse(each.name, text, f"in the variable {variable}")
        flag = (flags or {}).get(each.name)
        if flag is not None and flag != ():
            values[each.name] = _parse(each.name, flag, f"of --{each.name.replace('_', '-')}")
    return Settings(**values)


def command_line(command: str, settings: Settings) -> str:
    """Return an imsearch command as typed into a shell, for the library of these settings."""
    import shlex

    usual = Settings().library == settings.library
    return f"imsearch {command}" if usual else f"imsearch {command} --library {shlex.quote(shown(settings.library))}"


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """Return the path of the configuration file; it need not exist."""
    from platformdirs import user_config_path

    given = (os.environ if environ is None else environ).get(CONFIG_VARIABLE)
    return Path(given) if given else user_config_path("imsearch", appauthor=False) / "config.toml"


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    import tomllib  # most users have no such file, and start-up time matters

    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImsearchError(f"the configuration file {path} cannot be read: {error}") from error
    names = [each.name for each in fields(Settings)]
    for name in table:
        if name not in names:
            from difflib import get_close_matches

            close = get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names)}"
            raise ImsearchError(f"there is no setting {name!r} (in {path}); {hint}")
    return table


def _parse(name: str, value: Any, source: str) -> Any:
    """Parse a value of the field's type, from a text, a TOML value or a flag."""
    try:
        return _PARSERS[name](value)
    except (TypeError, ValueError) as error:
        raise ImsearchError(masked(f"the value {value!r} {source} cannot be used: {error}")) from error


def _folder(value: Any) -> Path:
    if not isinstance(value, str | Path):
        raise TypeError("it must be the path of a folder")
    return Path(value).expanduser().absolute()


def _library(value: Any) -> Location:
    """Return a folder; a URL of another scheme than ``file://`` is kept, for the home that opens it."""
    return located(value) if isinstance(value, str | Path) and scheme_of(value) else _folder(value)


def _folders(value: Any) -> tuple[Path, ...]:
    paths = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(paths, list | tuple) or not all(isinstance(path, str | Path) for path in paths):
        raise TypeError("it must be a list of paths")
    return tuple(_folder(path) for path in paths if str(path).strip())


def _globs(value: Any) -> tuple[str, ...]:
    globs = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(globs, list | tuple) or not all(isinstance(glob, str) for glob in globs):
        raise TypeError("it must be a list of globs")
    return tuple(glob for glob in globs if glob.strip())


def _names(value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise TypeError("it must be a list of names")
    return tuple(stripped for name in names if (stripped := name.strip()))


def _hosts(value: Any) -> tuple[str, ...]:
    names = _names(value)
    if any(set(name) & set("/:*@ ") for name in names):
        raise ValueError("names of hosts have neither http:// nor a port: photos.example.org")
    return names


def _device(value: Any) -> str:
    kind, _, number = str(value).partition(":")
    if kind not in ("auto", "cpu", "cuda") or (number and (kind != "cuda" or not number.isdecimal())):
        raise ValueError("it must be auto, cpu, cuda or cuda:N")
    return str(value)


RUNTIMES = ("auto", "openvino", "openvino-bfloat16", "torch")


def _runtime(value: Any) -> str:
    if value not in RUNTIMES:
        raise ValueError(f"it must be one of {', '.join(RUNTIMES)}")
    return str(value)


def _count(value: Any) -> int:
    if isinstance(value, bool | float) or int(value) < 1:
        raise ValueError("it must be a whole number from 1")
    return int(value)


def _megabytes(value: Any) -> int:
    if isinstance(value, bool | float) or int(value) < 0:
        raise ValueError("it must be a whole number from 0")
    return int(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not 0 < float(value) < 1e6:
        raise ValueError("it must be a number above 0")
    return float(value)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not 0 <= float(value) <= 1:
        raise ValueError("it must be a number from 0 to 1")
    return float(value)


def _yes(value: Any) -> bool:
    said = str(value).strip().lower()
    if said in ("true", "yes", "on", "1"):
        return True
    if said in ("false", "no", "off", "0"):
        return False
    raise ValueError("it must be true or false")


def _when(value: Any) -> str:
    # TOML and users may write false for "off".
    if value is False or value in ("auto", "off"):
        return str(value or "off")
    raise ValueError("it must be auto or off")


_PARSERS = {
    "library": _library,
    "folders": _folders,
    "exclude": _globs,
    "annotators": _names,
    "device": _device,
    "cpu_runtime": _runtime,
    "batch_size": _count,
    "workers": _count,
    "decode_seconds": _seconds,
    "compare_ctime": _yes,
    "limit": _count,
    "min_score": _share,
    "visual_evidence": _yes,
    "thumbnail_cache": _megabytes,
    "languages": _names,
    "semantic": _when,
    "allowed_hosts": _hosts,
    "allowed_roots": _folders,
    "upload_limit": _count,
}
