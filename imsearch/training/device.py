"""The device and precision of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.errors import ModelError


def choose_device(name: str = "auto") -> torch.device:
    """``auto`` takes CUDA where there is one; ``cpu``, ``cuda``, ``cuda:1`` are taken as they are.

    Raises `ModelError` for a device that is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"There is no device {name!r}; use auto, cpu, cuda or cuda:1") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ModelError(f"PyTorch finds no {name} on this machine; use --device cpu, or auto")
    return device


def half_precision(device: torch.device) -> torch.dtype | None:
    """The 16-bit type in which the device computes faster than in float32, or None.

    bfloat16 has the range of float32, so that nothing overflows; it is fast on CUDA from Ampere on and on processors
    with AMX.  Older CUDA chips have float16 only.
    """
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        return torch.bfloat16 if major >= 8 else torch.float16
    has_amx = getattr(torch.cpu, "_is_amx_tile_supported", None)  # private, and the only way to ask
    return torch.bfloat16 if device.type == "cpu" and has_amx is not None and has_amx() else None


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """Runs matrix products and convolutions in `half_precision`; does nothing where there is none."""
    dtype = half_precision(device)
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)


def to_host(tensors: Sequence[Tensor], device: torch.device) -> Callable[[], list[NDArray[np.float32]]]:
    """Begins to copy outputs to the host in float32; the result waits for them, without holding the interpreter.

    On CUDA the copies go through pinned memory on a stream of their own, so that the device goes on computing.
    """
    if device.type != "cuda":
        arrays = [tensor.float().numpy() for tensor in tensors]
        return lambda: arrays
    copies = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    copies.wait_stream(torch.cuda.current_stream(device))
    hosts = []
    with torch.cuda.stream(copies):
        for tensor in tensors:
            tensor.record_stream(copies)  # its memory is not given to others before it is copied
            host = torch.empty(tensor.shape, dtype=torch.float32, pin_memory=True)
            hosts.append(host.copy_(tensor, non_blocking=True))
        copied = copies.record_event()

    def wait() -> list[NDArray[np.float32]]:
        copied.synchronize()
        return [host.numpy().copy() for host in hosts]  # pinned memory is scarce; these may live long

    return wait


def to_device(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """Copies to the device: through pinned memory and asynchronously on CUDA, without a copy on the CPU."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
