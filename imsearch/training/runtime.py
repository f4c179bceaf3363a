"""Run a network: by PyTorch, or on a processor by OpenVINO where that is installed (the setting `cpu_runtime`)."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from imsearch.settings import load_settings
from imsearch.training import openvino_model
from imsearch.training.device import autocast, to_device, to_host
from imsearch.training.probabilities import Floats

AUTO, TORCH, OPENVINO, OPENVINO_BFLOAT16 = "auto", "torch", "openvino", "openvino-bfloat16"

log = logging.getLogger("imsearch.training")


class Runtime:
    """Runs one network on batches of NumPy arrays.

    It is converted at the first batch.  Where that fails, PyTorch runs it, and a warning says so once.
    """

    def __init__(self, network: nn.Module, device: torch.device, name: str) -> None:
        """network: from tensors, pictures first, to a tuple of tensors; on `device`.  name: of the model, for files."""
        self._network, self._device, self._name = network.eval(), device, name
        self._run: openvino_model.Run | None = None
        chosen = load_settings().cpu_runtime if device.type == "cpu" else TORCH
        self._wanted = chosen if chosen != AUTO or openvino_model.is_installed() else TORCH

    @property
    def is_torch(self) -> bool:
        """True if PyTorch runs the network."""
        return self._wanted == TORCH

    def __call__(self, *inputs: NDArray[np.generic]) -> list[Floats]:
        """Return the network's outputs as float32."""
        return self.start(*inputs)()

    def start(self, *inputs: NDArray[np.generic]) -> Callable[[], list[Floats]]:
        """Let the network run; what is returned waits for its outputs, as a device may go on meanwhile."""
        if self._run is None and not self.is_torch:
            self._run = self._converted(inputs)
        if self._run is not None:
            found = self._run(inputs)
            return lambda: found
        with torch.inference_mode(), autocast(self._device):
            outputs = self._network(*(to_device(each, self._device) for each in inputs))
            return to_host(outputs, self._device)

    def _converted(self, inputs: openvino_model.Inputs) -> openvino_model.Run | None:
        precision = openvino_model.BFLOAT16 if self._wanted == OPENVINO_BFLOAT16 else openvino_model.FLOAT32
        try:
            return openvino_model.load(self._network, self._name, inputs, precision)
        except Exception as error:  # noqa: BLE001 - converters raise nearly anything, and PyTorch can always do it
            log.warning(
                "%s runs by PyTorch, which is slower, as OpenVINO cannot be used: %s. IMSEARCH_CPU_RUNTIME=torch "
                "chooses PyTorch without this message.",
                self._name,
                " ".join(str(error).split())[:300] or type(error).__name__,
            )
            self._wanted = TORCH
            return None
