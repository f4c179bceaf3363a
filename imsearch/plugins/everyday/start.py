"""Initialize another model from the default annotator: its upper stages, and its weights of common labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from imsearch.errors import ModelError
from imsearch.plugins.everyday.checkpoint import read_checkpoint
from imsearch.plugins.everyday.files import WEIGHTS


def start_from_everyday(
    own: Mapping[str, Tensor], weight: Tensor, bias: Tensor, heads: Mapping[str, Sequence[str]]
) -> None:
    """Copy everyday's tuned stages and label weights into another network's tensors, in place.

    own: the network's state by name; tensors with the same name in everyday's file are copied.  weight: ``(outputs,
    1280)``, bias: ``(outputs,)``, of a linear layer on the pooled last convolution whose outputs are the labels of
    `heads`, concatenated; the rows of labels that everyday learned from the same kind of dataset are copied.
    Raises `ModelError` when the file cannot be used.
    """
    theirs = read_checkpoint(WEIGHTS).heads
    try:
        with safe_open(WEIGHTS, framework="pt") as file, torch.no_grad():
            for name in own.keys() & set(file.keys()):
                own[name].copy_(file.get_tensor(name))
            row = 0
            for head, labels in heads.items():
                if head in theirs:
                    rows, offsets = (file.get_tensor(f"heads.{head}.{part}").float() for part in ("weight", "bias"))
                    place = {label: index for index, label in enumerate(theirs[head].labels)}
                    for index, label in enumerate(labels, row):
                        if label in place:
                            weight[index] = rows[place[label]]
                            bias[index] = offsets[place[label]]
                row += len(labels)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"The weights of everyday are no start here ({error}); try --set start=imagenet") from error
