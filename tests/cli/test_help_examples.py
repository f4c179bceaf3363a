"""Every example in the help texts runs, in a shell, on a small library; one that nobody knows how to run fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from PIL import Image

from imsearch.cli.root import root
from imsearch.plugins.vgg_bce import MODEL as VGG_BCE
from tests.patience import PATIENCE

PICTURES: dict[str, dict[str, Any]] = {
    "Pictures/dog beach.jpg": {"iso": 1600, "date": "2023:05:06 07:08:09", "camera": "Canon"},
    "Pictures/cat car.jpg": {"iso": 100},
    "Pictures/sunset mountain.jpg": {},
    "Pictures/person bus.jpg": {},
    "Pictures/automobile.jpg": {},
    "Pictures/kitty pussycat.jpg": {},
    "Pictures/emotion:happy.jpg": {},
    "holiday/beach.jpg": {},
    "holiday/dog cat.jpg": {},
    "photo.jpg": {},
    "beach.jpg": {},
    "a.jpg": {},
    "b.png": {},
    "Downloads/unknown.png": {},
    **{f"Pictures/{number}.jpg": {} for number in range(8)},
}
"""The words in a name are what the stand-in for every annotator sees."""

SETS = ("corel5k", "flickr8k_224", "coco_mini")

STAND_IN = """
import numpy as np
from pathlib import Path
from imsearch import Annotation, Annotator, AnnotatorSpec, RecipeSpec, Tag, hookimpl

WORDS = ("dog", "cat", "beach", "sunset", "mountain", "person", "bus", "automobile", "kitty", "pussycat",
         "emotion:happy", "hot dog", "pet", "photo")

class Reader(Annotator):
    heads = dict.fromkeys(("corel5k", "flickr8k", "coco"), ("dog", "beach", "cat", "car"))

    def label_scores(self, batch):
        scores = [[float(word in stem.split()) for word in self.heads["coco"]] for stem, _ in batch]
        return dict.fromkeys(self.heads, np.array(scores, np.float32))

    def prepare(self, picture):
        return picture.path.stem, np.asarray(picture.array(8, 8), np.float32).ravel() - 128

    def annotate(self, batch):
        return [Annotation(tuple(Tag(word, 0.9 if word in said(stem) else 0.01) for word in WORDS), pixels)
                for stem, pixels in batch]

def said(stem):
    return stem.split() + ["pet"] * ("dog" in stem)

class Texts:
    scale = 1.0

    def encode(self, texts):
        return np.full((len(texts), 192), 192 ** -0.5, np.float32)

def spec(name):
    return AnnotatorSpec(name, "1", lambda device: Reader(), vocabulary=WORDS, vector_length=192, input_size=8,
                         text_encoder=Texts,
                         inputs=frozenset(("social_tags",)) if name == "multimodal" else frozenset())

def train(run):
    run.settings({"epochs": 1})
    weights = run.folder / "weights.safetensors"
    weights.write_bytes(b"trained")
    return weights

class Plugin:
    def __init__(self, name):
        self.name = name

    @hookimpl
    def imsearch_annotators(self):
        return [spec(self.name)]

    @hookimpl
    def imsearch_recipes(self):
        return [RecipeSpec(self.name, run=train, version=lambda: "1", annotator=lambda path, device: Reader())]

    @hookimpl
    def imsearch_commands(self, cli):
        if self.name == "vgg-bce":
            from imsearch.plugins.vgg_bce.command import wordcloud
            cli.add_command(wordcloud)
"""

PROGRAM = """
import sys
from types import SimpleNamespace
sys.path[:0] = {path!r}
import imsearch.plugins.manager as manager
from stand_in import Plugin
names = ("everyday", "multimodal", "vgg-bce", "old-model", "colors")
manager.entry_points = lambda group: [
    SimpleNamespace(name=name, value=name, dist=None, load=lambda name=name: Plugin(name)) for name in names
]
from imsearch.cli import main
sys.exit(main())
"""

_RUNS = " && ".join(
    f"mkdir -p {folder} && cp '{VGG_BCE.folder}/weights.safetensors' '{VGG_BCE.folder}/weights.json' {folder}"
    for folder in ("runs/mine", "runs/vgg-bce")
)

BEFORE = {
    "imsearch plugins add": _RUNS,
    "imsearch plugins remove": f"{_RUNS} && imsearch plugins add runs/mine",
    "imsearch annotators restore old-model": "imsearch annotators forget old-model --yes",
    "imsearch tag rename car car": "imsearch tag add a.jpg --exact -t car && imsearch tag rename car vehicle",
    "imsearch tags undefine": 'imsearch tags define "birthday cake"',
    "imsearch train everyday": "rm -r runs/everyday",
}
"""What examples that begin like this presume; to remove tags, that they were added."""

CODES = {
    "imsearch annotators forget old-model": 2,  # it asks, and there is no terminal to answer
    "imsearch train multimodal --dataset library: --output runs/mine": 2,  # these pictures have too few tags
}


def commands(command: click.Command, context: click.Context) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            each = command.get_command(context, name)
            assert each is not None, name
            yield from commands(each, click.Context(each, context, name))


def examples() -> list[str]:
    """The lines of all epilogs that call the program, without remarks."""
    texts = [re.sub(r"\\\n\s*", "", command.epilog or "") for command in commands(root, click.Context(root))]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return sorted({re.split(r"\s{2,}", line)[0] for line in lines if line.startswith("imsearch ")})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with pictures, sets and a library of them, and a copy of it; each example gets it anew."""
    home = tmp_path_factory.mktemp("example") / "home"
    home.mkdir()
    for number, (name, facts) in enumerate(PICTURES.items()):
        (home / name).parent.mkdir(exist_ok=True)
        exif = Image.Exif()
        exif[0x010F] = str(facts.get("camera", ""))
        exif[0x8769] = {0x8827: facts.get("iso", 50), 0x9003: str(facts.get("date", "2001:02:03 04:05:06"))}
        blocks = np.random.default_rng(number).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((80, 60)).save(home / name, exif=exif)
    shutil.copy(home / "holiday" / "beach.jpg", home / "holiday" / "copy.jpg")
    for folder in ("cats", "look-at-these", "runs/everyday"):
        (home / folder).mkdir(parents=True)
    (home / "runs" / "everyday" / "weights.safetensors").write_bytes(b"trained")
    for name in SETS:
        make_set(home / "data" / name)
    program = home.parent / "bin"
    program.mkdir()
    (program / "stand_in.py").write_text(STAND_IN)
    (program / "program.py").write_text(PROGRAM.format(path=[str(program), *sys.path]))
    (program / "imsearch").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}/program.py" "$@"\n')
    (program / "imsearch").chmod(0o755)
    for setting_up in (
        "imsearch index Pictures holiday *.jpg --annotator everyday --annotator old-model",
        "imsearch tag add beach.jpg --exact -t 'traffic light' -t bus",
        "imsearch tag add photo.jpg --exact -t pet",
    ):
        assert run(setting_up, home).returncode == 0
    shutil.copytree(home, home.parent / "kept")
    return home


def make_set(folder: Path) -> None:
    """A labelled set, as `imsearch evaluate` and `train` read it."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, words in enumerate((("dog", "beach"), ("cat",), ("dog",), ("cat", "car")) * 3):
        name = f"images/{' '.join(words)} {number}.jpg"
        Image.new("RGB", (16, 16), (20 * number, 99, 9)).save(folder / name)
        split = ("train", "dev", "test")[number % 3]
        captions = [f"a {' and a '.join(words)}"] * 5
        rows.append({"file": name, "labels": words, "split": split, "captions": captions, "text_tags": words})
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))


def environment(home: Path) -> dict[str, str]:
    return os.environ | {
        "HOME": str(home),
        "PATH": f"{home.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "IMSEARCH_LIBRARY": str(home / "library"),
        "IMSEARCH_CONFIG": str(home / "config.toml"),
        "IMSEARCH_SEMANTIC": "off",
        "IMSEARCH_DEVICE": "cpu",
        "BROWSER": "true",
    }


def run(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Type a line in a shell, in the home."""
    command = ["bash", "-o", "pipefail", "-c", line]
    env = environment(home)
    return subprocess.run(
        command, cwd=home, env=env, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
    )


@pytest.fixture
def home(template: Path) -> Path:
    """The home as it was before any example, in the place that its library knows."""
    shutil.rmtree(template)
    shutil.copytree(template.parent / "kept", template)
    return template


def test_there_are_examples_of_most_commands() -> None:
    assert len(examples()) > 50
    assert len({line.split()[1] for line in examples()}) > 12


@pytest.mark.skipif(shutil.which("bash") is None, reason="the examples are typed in a shell: bash")
@pytest.mark.parametrize("example", [line for line in examples() if not line.startswith("imsearch serve")])
def test_an_example_runs(example: str, home: Path) -> None:
    for start, line in BEFORE.items():
        if example.startswith(start):
            before = run(line, home)
            assert before.returncode == 0, before.stderr
    if "tag remove" in example:
        assert run(example.replace("tag remove", "tag add"), home).returncode == 0
    done = run(example.replace("/tmp/look-at-these/", "look-at-these/"), home)
    assert done.returncode == CODES.get(example, 0), textwrap.shorten(done.stderr, 1000)
    assert "Traceback" not in done.stderr
    if "--format json" in example:
        assert json.loads(done.stdout)
    elif "xargs" not in example:
        assert done.stdout.strip() or done.stderr.strip()


@pytest.mark.skipif(shutil.which("bash") is None, reason="the examples are typed in a shell: bash")
@pytest.mark.parametrize("example", [line for line in examples() if line.startswith("imsearch serve")])
def test_an_example_that_serves_answers(example: str, home: Path) -> None:
    line = "exec " + example.replace("0.0.0.0", "127.0.0.1") + " --port 0"  # tests listen on loopback only
    env = environment(home)
    with subprocess.Popen(["bash", "-c", line], cwd=home, env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://[\d.]+:\d+", server.stdout.readline())
            assert address is not None
            try:
                code = urllib.request.urlopen(f"{address[0]}/login", timeout=PATIENCE).status
            except urllib.error.HTTPError as error:
                code = error.code
            assert code in (200, 403, 404)
        finally:
            server.terminate()
