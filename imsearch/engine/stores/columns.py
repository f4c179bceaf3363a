"""Arrays that are derived from the catalog and take long to make anew, kept in a file with the state they reflect."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imsearch.engine.stores.blocks import Blocks, BlockWriter
from imsearch.engine.stores.derived import IndexDamagedError, State, saved_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

_END = struct.Struct("<QQ8s")
"""Where the description begins, how long it is, and a mark."""
_MARK = b"columns1"
_ALIGNED = 8


def write_columns(
    path: Path,
    state: State,
    label: str,
    arrays: Mapping[str, NDArray[Any]],
    texts: Mapping[str, Sequence[str]],
) -> None:
    """Replace a file in one step; raises `OSError` where it cannot be written.

    label: what the content depends on besides the catalog, such as the version of the program.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with BlockWriter(new) as file:
            places = {}
            for name, array in arrays.items():
                places[name] = (file.align(_ALIGNED), array.dtype.str, len(array))
                file.write(array)
            start = file.align(_ALIGNED)
            told = {"library": state[0], "generation": state[1], "label": label, "arrays": places, "texts": dict(texts)}
            content = json.dumps(told).encode()
            file.write(content)
            file.write(_END.pack(start, len(content), _MARK))
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def read_columns(path: Path, label: str) -> tuple[State, dict[str, NDArray[Any]], dict[str, list[str]]] | None:
    """Return what was written, arrays as views of the file; None if it is missing, damaged or of another label."""
    try:
        blocks = Blocks(path)
        start, length, mark = _END.unpack(blocks.bytes(blocks.length - _END.size, _END.size))
        if mark != _MARK:
            return None
        told = json.loads(blocks.bytes(start, length))
        state = saved_state(told)
        if state is None or told["label"] != label:
            return None
        arrays = {name: blocks.array(kind, count, place) for name, (place, kind, count) in told["arrays"].items()}
    except (OSError, IndexDamagedError, ValueError, KeyError):
        return None  # it is made anew
    return state, arrays, told["texts"]
