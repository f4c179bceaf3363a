"""What the derived indexes have in common: they know the state of the catalog they reflect, and they can break."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeAlias

State: TypeAlias = tuple[str, int]
"""The library's own id and a generation of its catalog."""


class IndexDamagedError(Exception):
    """The files of a derived index cannot be read; the engine makes them anew from the catalog."""


def read_state(path: Path) -> dict[str, Any] | None:
    """The content of a state file; None when it is missing or damaged."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def saved_state(data: dict[str, Any] | None) -> State | None:
    """The catalog state noted in a state file's content."""
    try:
        return None if data is None else (str(data["library"]), int(data["generation"]))
    except (KeyError, TypeError, ValueError):
        return None


def write_state(path: Path, data: dict[str, Any]) -> None:
    """Replace a state file in one step, so that a crash leaves the old one or the new one."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
