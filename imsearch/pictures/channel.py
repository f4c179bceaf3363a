"""Messages to and from decoder processes: pickled values, each prefixed with its length."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Channel:
    """One end of a pair of pipes; the other end is trusted, as it is our own program."""

    incoming: BinaryIO
    outgoing: BinaryIO

    def send(self, *message: Any) -> None:
        """Send a message.  Raises OSError when the other end is gone, EOFError when this end was closed (by another
        thread).
        """
        data = pickle.dumps(message, protocol=5)
        try:
            self.outgoing.write(_LENGTH.pack(len(data)))
            self.outgoing.write(data)
            self.outgoing.flush()
        except ValueError as error:  # "write to closed file"
            raise EOFError(str(error)) from error

    def receive(self) -> tuple[Any, ...]:
        """Wait for the next message and return it.  Raises EOFError when there will be none."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        message: tuple[Any, ...] = pickle.loads(self._read(length))
        return message

    def close(self) -> None:
        """Close both pipes, discarding anything still in them."""
        for pipe in (self.outgoing, self.incoming):
            try:
                pipe.close()
            except OSError:
                continue  # unsent data is dropped

    def _read(self, length: int) -> bytes:
        try:
            data = self.incoming.read(length)
        except ValueError as error:  # "read of closed file"
            raise EOFError(str(error)) from error
        if len(data) < length:
            raise EOFError
        return data
