"""The baseline that everyday must beat: a linear layer on the untouched backbone's features.

    python -m benchmarks.frozen_linear --dataset flickr8k:PATH [--dataset corel5k:PATH]

Trains on the split ``train`` and judges on ``test``, or ``dev`` where there is none, with binary cross-entropy and with
the asymmetric loss.  The pictures go through the network once; the layers are trained on what comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.cli.evaluate import choose
from imsearch.cli.output import make_table, print_table
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.device import choose_device
from imsearch.training.efficientnet_lite import EfficientNetLite, fold_normalization, load_imagenet, to_input
from imsearch.training.evaluate import judged_labels
from imsearch.training.features import load_square
from imsearch.training.losses import asymmetric, binary_cross_entropy
from imsearch.training.metrics import five_words, image_mean_average_precision, mean_average_precision

EPOCHS = 30
BATCH = 64
Loss = Callable[[Tensor, Tensor], Tensor]


def features_of(dataset: Dataset, network: EfficientNetLite) -> NDArray[np.float32]:
    """Pooled features of every sample: ``(samples, 1280)``."""
    device = next(network.parameters()).device
    files = [sample.file for sample in dataset.samples]
    parts = []
    with ThreadPoolExecutor() as pool, torch.inference_mode():
        for start in range(0, len(files), BATCH):
            pixels = list(pool.map(lambda file: load_square(file, network.size), files[start : start + BATCH]))
            parts.append(network.features(to_input(torch.from_numpy(np.stack(pixels)), device)).cpu().numpy())
    return np.concatenate(parts)


def fit(features: NDArray[np.float32], truth: NDArray[np.bool_], loss: Loss) -> nn.Linear:
    """A linear layer on standardized features, trained with AdamW."""
    torch.manual_seed(0)
    layer = nn.Linear(features.shape[1], truth.shape[1])
    nn.init.constant_(layer.bias, -3.0)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=1e-3, weight_decay=0.1)
    x, y = torch.from_numpy(features), torch.from_numpy(truth.astype(np.float32))
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(x)), BATCH):
            optimizer.zero_grad()
            loss(layer(nn.functional.dropout(x[rows], 0.3)), y[rows]).mean().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return layer


@click.command()
@click.option("--dataset", "specs", multiple=True, required=True, metavar="KIND:PATH")
def main(specs: tuple[str, ...]) -> None:
    """Print the figures of both losses for each dataset."""
    network = load_imagenet("lite2")
    fold_normalization(network)
    network = network.to(choose_device()).to(memory_format=torch.channels_last)
    table = make_table("dataset", "loss", ">P", ">R", ">F1", ">N+", ">mAP words", ">mAP pictures")
    for spec in specs:
        dataset = load_dataset(spec)
        train, test = dataset.split("train"), choose(dataset, None, None)
        kept = judged_labels(dataset, test)
        x, unseen = features_of(train, network), features_of(test, network)
        mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
        losses: dict[str, Loss] = {"BCE": binary_cross_entropy, "ASL": asymmetric}
        for name, loss in losses.items():
            layer = fit((x - mean) / spread, train.truth(), loss)
            with torch.inference_mode():
                scores = layer(torch.from_numpy((unseen - mean) / spread)).numpy()[:, kept]
            truth = test.truth()[:, kept]
            five = five_words(truth, scores)
            means = mean_average_precision(truth, scores), image_mean_average_precision(truth, scores)
            figures = [f"{value:.4f}" for value in (five.precision, five.recall, five.f1)]
            table.add_row(dataset.kind, name, *figures, str(five.n_plus), *(f"{value:.4f}" for value in means))
    print_table(table)


if __name__ == "__main__":
    main()
