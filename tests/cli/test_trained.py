"""Weights that the user trained: named once with NAME=WEIGHTS, or kept by `imsearch plugins add`."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from imsearch.plugins.dccnn import MODEL
from imsearch.plugins.everyday.files import WEIGHTS
from tests.cli.conftest import Run


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The folder of a run of dccnn, the smallest model there is."""
    folder = tmp_path / "runs" / "Mine"
    folder.mkdir(parents=True)
    for name in ("weights.safetensors", "weights.json"):
        shutil.copy(MODEL.folder / name, folder / name)
    return folder


def retrained(folder: Path) -> None:
    """Other weights in the same place, as after another training: the last byte differs."""
    weights, summary = folder / "weights.safetensors", folder / "weights.json"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    said = json.loads(summary.read_text()) | {"sha256": hashlib.sha256(data).hexdigest()}
    summary.write_text(json.dumps(said))


def annotators_of(run: Run) -> dict[str, int]:
    return {each["name"]: each["images"] for each in run("annotators", "--format", "json").json["annotators"]}


def test_weights_are_used_under_a_name_of_the_users(run: Run, photos: Path, trained: Path) -> None:
    weights = trained / "weights.safetensors"
    assert run("index", photos, "--annotator", f"mine={weights}").code == 0
    assert annotators_of(run) == {"mine": 3}
    again = run("index", photos, "--annotator", f"mine={trained}")
    assert again.code == 0 and "3 unchanged" in again.err
    found = run("annotate", photos / "red.png", "--annotator", f"mine={weights}", "--format", "json").json
    assert {tag["source"] for image in found["images"] for tag in image["tags"]} <= {"mine"}


def test_weights_trained_again_annotate_again(run: Run, photos: Path, trained: Path) -> None:
    assert run("index", photos, "--annotator", f"mine={trained}", "--json").json["annotated"] == 3
    retrained(trained)
    assert run("index", photos, "--annotator", f"mine={trained}", "--json").json["annotated"] == 3
    assert run("index", photos, "--annotator", f"mine={trained}", "--json").json["annotated"] == 0


def test_added_weights_are_an_annotator_everywhere_until_they_are_removed(
    run: Run, photos: Path, trained: Path
) -> None:
    added = run("plugins", "add", trained)
    assert added.code == 0 and added.out.strip() == "imsearch index --annotator mine"
    assert "mine is an annotator now: dccnn, trained by you" in added.err
    listed = run("plugins", "--json").json
    assert "mine" in {each["name"] for each in listed["annotators"]}
    assert "mine" in run("plugins").out
    assert run("index", photos, "--annotator", "mine").code == 0
    assert annotators_of(run) == {"mine": 3}
    assert run("annotate", photos / "red.png", "--annotator", "mine").code == 0
    assert run("index", photos, "--json").json["annotated"] == 3, "it does not run unasked: this was everyday"
    removed = run("plugins", "remove", "mine")
    assert removed.code == 0 and (trained / "weights.safetensors").exists()
    refused = run("index", photos, "--annotator", "mine")
    assert refused.code == 2 and "there is no annotator named 'mine'" in refused.err
    assert "mine is no longer installed" in run("status").err
    refused = run("plugins", "remove", "mine")
    assert refused.code == 2 and "No weights were added under the name 'mine'; added: none" in refused.err


def test_a_name_in_use_is_refused(run: Run, photos: Path, trained: Path) -> None:
    for call in (
        ("plugins", "add", trained, "--name", "everyday"),
        ("index", photos, "--annotator", f"everyday={trained}"),
    ):
        refused = run(*call)
        assert refused.code == 2
        assert "'everyday' is the name of an installed annotator. Give your weights another one" in refused.err
    assert run("plugins", "add", trained, "--name", "two words").code == 2
    twice = run("index", photos, "--annotator", f"mine={trained}", "--annotator", f"mine={trained}/weights.safetensors")
    assert twice.code == 2 and "Two of the chosen annotators have the name 'mine'" in twice.err


def test_files_that_are_not_there_or_not_ours_are_told(run: Run, photos: Path, trained: Path, tmp_path: Path) -> None:
    refused = run("index", photos, "--annotator", "mine=nowhere.safetensors")
    assert refused.code == 2 and "There is no file" in refused.err and "nowhere.safetensors" in refused.err
    for text in ("=x", "mine="):
        assert "write NAME=WEIGHTS" in run("index", photos, "--annotator", text).err
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"nothing of the kind")
    refused = run("plugins", "add", other)
    assert refused.code == 2 and "is no weights file that imsearch train wrote" in refused.err
    (trained / "weights.json").unlink()
    refused = run("plugins", "add", trained)
    assert refused.code == 2 and "Keep both files of the run in one folder" in refused.err


def test_added_weights_that_were_moved_away_are_named_and_harmless(run: Run, photos: Path, trained: Path) -> None:
    assert run("plugins", "add", trained).code == 0
    trained.rename(trained.with_name("elsewhere"))
    listed = run("plugins")
    assert listed.code == 0 and "are no longer at" in listed.out
    assert run("index", photos).code == 0
    refused = run("index", photos, "--annotator", "mine")
    assert refused.code == 2 and "imsearch plugins remove mine" in refused.err


def test_weights_without_their_own_summary_fail_when_they_are_used(run: Run, photos: Path, trained: Path) -> None:
    summary = json.loads((trained / "weights.json").read_text())
    retrained(trained)
    (trained / "weights.json").write_text(json.dumps(summary))
    told = run("annotate", photos / "red.png", "--annotator", f"mine={trained}")
    assert told.code != 0 and "was changed since its weights.json was written" in told.err


def test_a_list_that_cannot_be_read_is_told_and_harmless(run: Run, photos: Path, trained: Path, tmp_path: Path) -> None:
    assert run("plugins", "add", trained).code == 0
    (listed,) = tmp_path.rglob("annotators.json")
    listed.write_text("{")
    assert "cannot be read" in run("plugins").out
    assert run("index", photos).code == 0
    assert run("plugins", "add", trained).code == 2


def test_weights_of_the_default_annotator_are_used_too(run: Run, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "ours"
    folder.mkdir(parents=True)
    for name in ("weights.safetensors", "weights.json"):
        shutil.copy(WEIGHTS.with_name(name), folder / name)
    found = run("annotate", photos / "red.png", "--annotator", f"ours={folder}", "--format", "json")
    assert found.code == 0 and {tag["source"] for tag in found.json["images"][0]["tags"]} == {"ours"}
    assert run("plugins", "add", folder).code == 0
    (listed,) = (each for each in run("plugins", "--json").json["annotators"] if each["name"] == "ours")
    assert listed["vector_length"] == 1280
