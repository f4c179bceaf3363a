"""VGG-16 (Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556, configuration D): its convolutional layers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.system.weights_folder import FOLDER_VARIABLE, weights_folder

CHANNELS = 512
FILE = "vgg16-features.safetensors"
_MEAN = (0.48235, 0.45882, 0.40784)
"""Of torchvision's ``VGG16_Weights.IMAGENET1K_FEATURES``, the original network's, whose standard deviation is 1/255."""


def load_vgg16_features() -> nn.Sequential:
    """The 13 convolutions and 5 poolings with their ImageNet weights, frozen.

    ``(N, 3, H, W)`` to ``(N, 512, H / 32, W / 32)``.

    Reads ``vgg16-features.safetensors`` from the folder that ``IMSEARCH_WEIGHTS`` names; without the variable,
    torchvision downloads the weights once and keeps them in its own cache.  Raises `ModelError` with what to do.
    """
    folder = weights_folder()
    state = _from_folder(folder) if folder else _from_torchvision()
    with torch.device("meta"):  # the weights come from `state`
        features = _layers()
    try:
        features.load_state_dict(state, assign=True)
    except RuntimeError as error:
        where = f"{FILE} in {folder} holds" if folder else "torchvision's download holds"
        raise ModelError(f"{where} not the layers of VGG-16: {error}") from error
    for parameter in features.parameters():
        parameter.requires_grad_(False)
    return features.eval().to(memory_format=torch.channels_last)


def _layers() -> nn.Sequential:
    """The layers in the order, and so under the names, of ``torchvision.models.vgg16().features``."""
    layers: list[nn.Module] = []
    channels = 3
    for width in _WIDTHS:
        if width is None:
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
    return nn.Sequential(*layers)


_WIDTHS = (64, 64, None, 128, 128, None, 256, 256, 256, None, 512, 512, 512, None, 512, 512, 512, None)
"""Channels of the convolutions; None is a pooling (Simonyan and Zisserman 2015, table 1, column D)."""


def _from_folder(folder: Path) -> dict[str, Tensor]:
    path = folder / FILE
    try:
        return {name: value.float() for name, value in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{FOLDER_VARIABLE} names {folder}, but {FILE} cannot be read there ({error}). Put the file there, or unset"
            f" {FOLDER_VARIABLE} to let torchvision download it."
        ) from error


def _from_torchvision() -> dict[str, Tensor]:
    try:
        from torchvision.models import VGG16_Weights  # an installation for CPUs only does not have it
    except (ImportError, RuntimeError) as error:
        raise ModelError(
            f"The VGG-16 weights are downloaded by torchvision, which cannot be used here ({error}). Install it, or "
            f"put {FILE} into a folder and name it with {FOLDER_VARIABLE}."
        ) from error
    try:
        state = VGG16_Weights.IMAGENET1K_FEATURES.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise ModelError(
            f"The VGG-16 weights cannot be downloaded ({error}). With a network, run the command again; without one, "
            f"put {FILE} into a folder and name it with {FOLDER_VARIABLE}."
        ) from error
    start = "features."
    return {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}


def weights_hash(features: nn.Module) -> str:
    """A hash of these layers' weights, which need not be the published ones when they come from a folder."""
    found = hashlib.sha256()
    for value in features.state_dict().values():
        found.update(value.detach().cpu().contiguous().numpy())
    return found.hexdigest()


def to_vgg_input(pixels: Tensor, device: torch.device) -> Tensor:
    """uint8 ``(N, H, W, 3)`` RGB to the network's float32 ``(N, 3, H, W)``, 0 to 255 less the mean colour."""
    mean = torch.tensor(_MEAN, device=device).view(1, 3, 1, 1) * 255
    return pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float() - mean
