"""Networks converted for OpenVINO, which computes the same as PyTorch on a processor, in less time.

The conversion uses OpenVINO's PyTorch front end and not ``openvino.convert_model``, which sends usage statistics to its
makers.  It takes seconds, so its result is kept in the user's cache folder, one file for each network and input.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from imsearch.errors import ModelError
from imsearch.training.probabilities import Floats

if TYPE_CHECKING:
    import openvino

Inputs = Sequence[NDArray[np.generic]]
Run = Callable[[Inputs], list[Floats]]

FLOAT32, BFLOAT16 = "f32", "bf16"
CLOSE = {FLOAT32: 1e-4, BFLOAT16: 0.5}
"""Greatest difference from PyTorch's float32 outputs, relative to the greatest one, with which a conversion is used.

The rounding of float32 makes some 1e-6.  bfloat16 makes up to .4 in the feature maps; the check then finds only what is
wrong altogether.
"""

log = logging.getLogger("imsearch.training")


def is_installed() -> bool:
    """Return True where OpenVINO is installed; imports nothing."""
    return find_spec("openvino") is not None


def load(network: nn.Module, name: str, inputs: Inputs, precision: str = FLOAT32) -> Run:
    """Return a function that runs `network` on inputs like these, except for their number of pictures.

    network: from tensors, pictures first, to a tuple of tensors; on the CPU.  name: begins the name of the kept file.
    precision: `BFLOAT16` counts where the processor has it.  Raises `ModelError` where the outputs for these inputs are
    not those of PyTorch, and whatever a failing conversion raises.
    """
    import openvino

    kept = _folder() / f"{name}-{_key(network, inputs, openvino.__version__)}.xml"
    first = [each[:1] for each in inputs]
    expected = _by_torch(network, first)
    if kept.is_file():
        try:
            return _checked(_compiled(openvino.Core().read_model(kept), precision), first, expected, precision)
        except (ModelError, RuntimeError) as error:
            log.info("%s is converted anew, as %s cannot be used: %s", name, kept, error)
    model = _converted(network, inputs)
    run = _checked(_compiled(model, precision), first, expected, precision)
    _keep(model, kept, name)
    return run


def _by_torch(network: nn.Module, inputs: Inputs) -> list[Floats]:
    with torch.inference_mode():
        return [each.float().numpy() for each in network(*map(torch.from_numpy, inputs))]


def _checked(run: Run, inputs: Inputs, expected: Sequence[Floats], precision: str) -> Run:
    """Return `run` if it gives what is expected."""
    found = run(inputs)
    if [each.shape for each in found] != [each.shape for each in expected]:
        raise ModelError("its outputs have other shapes than PyTorch's")
    apart = max(
        float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-6)) for a, b in zip(found, expected, strict=True) if b.size
    )
    if not apart <= CLOSE[precision]:  # also where it is NaN
        raise ModelError(f"its outputs differ from PyTorch's by {apart:.1e} of the greatest")
    return run


def _compiled(model: openvino.Model, precision: str) -> Run:
    import openvino

    core = openvino.Core()
    if precision == BFLOAT16 and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        precision = FLOAT32
    # Not pinned to processors: the decoders run on the same ones.
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
    }
    compiled = core.compile_model(model, "CPU", options)
    outputs = range(len(compiled.outputs))

    def run(inputs: Inputs) -> list[Floats]:
        found = compiled(list(inputs))
        return [found[each] for each in outputs]

    return run


def _converted(network: nn.Module, inputs: Inputs) -> openvino.Model:
    """Trace the network and convert it; its number of pictures stays open."""
    from openvino import PartialShape
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    # Two pictures: of one, tracing could take the number for a constant.
    example = tuple(torch.from_numpy(np.concatenate([each[:1], each[:1]])) for each in inputs)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of what is constant here, such as the side of the pictures
        traced = TorchScriptPythonDecoder(network, example_input=example)
        front_end = FrontEndManager().load_by_framework("pytorch")
        model: openvino.Model = front_end.convert(front_end.load(traced))
    model.reshape({at: PartialShape([-1, *each.shape[1:]]) for at, each in enumerate(inputs)})
    return model


def _key(network: nn.Module, inputs: Inputs, version: str) -> str:
    """Return a hash of everything that a conversion depends on: weights, code, inputs and the programs' versions."""
    digest = hashlib.sha256(repr((version, torch.__version__, [(a.dtype.str, a.shape[1:]) for a in inputs])).encode())
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().contiguous().reshape(-1).view(torch.uint8).numpy())
    own = {type(each) for each in network.modules() if not type(each).__module__.startswith("torch.")}
    for file in sorted({inspect.getfile(each) for each in own}):
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()[:16]


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("imsearch", appauthor=False) / "models"


def _keep(model: openvino.Model, path: Path, name: str) -> None:
    """Write a conversion for the next start, instead of those of the same name; where it cannot, nothing is lost."""
    import openvino

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.stem}.{os.getpid()}.xml")
        openvino.save_model(model, partial, compress_to_fp16=False)
        partial.with_suffix(".bin").replace(path.with_suffix(".bin"))
        partial.replace(path)  # last: a file that is there is whole
        for other in path.parent.glob(f"{name}-*"):
            if other.stem.partition(".")[0] != path.stem:
                other.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        log.info("The conversion of %s is not kept: %s", name, error)
