"""The contract of annotators, as checks that can be run on any of them.

``imsearch plugins check NAME`` and the pytest plugin run `check_annotator`.  The indexer checks every result itself, so
that a model that breaks the contract on a single picture is caught too.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imsearch.languages.letters import tidy
from imsearch.plugins.problems import annotation_problems, spec_problems
from imsearch.plugins.text_contract import text_rules
from imsearch.records import Annotation
from imsearch.specs import AnnotatorSpec
from imsearch.system.foreign import foreign, is_ctrl_c, reason

if TYPE_CHECKING:
    from imsearch.annotator import Annotator
    from imsearch.pictures.picture import Picture

TOLERANCE = 0.02
"""Maximum change of a probability between batches: half precision rounds differently."""


@dataclass(frozen=True)
class Check:
    """One rule of the contract, and how an annotator broke it (empty if it did not)."""

    rule: str
    problems: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.problems


def check_annotator(spec: AnnotatorSpec, device: str = "cpu") -> list[Check]:
    """Build the annotator, run it on a few generated pictures, and check the results rule by rule.

    Later rules are left out when a failed one makes them pointless.
    """
    described = Check("the spec is well-formed", tuple(spec_problems(spec)))
    if not described.passed:
        return [described]
    built, annotator = _build(spec, device)
    if annotator is None:
        return [described, built]
    try:
        checks = [described, built, *_behaviour(spec, annotator), *_until_failure(*text_rules(spec))]
        if spec.counts is not None:
            checks += _until_failure(("count heads fit the spec's vectors", lambda: _counts(spec)))
    finally:
        closed = _closed(annotator)
    return checks if closed.passed else [*checks, closed]


def sample_pictures(side: int) -> list[Picture]:
    """Return generated pictures of at least `side` pixels: flat, noisy, a gradient, wide, tall, and one that is too
    small.

    One of them, the gradient, has texts.
    """
    import hashlib
    from pathlib import Path

    import numpy as np
    from PIL import Image

    from imsearch.pictures.picture import Picture

    random = np.random.default_rng(0)
    ramp = np.linspace(0, 255, side, dtype=np.uint8)
    sheets = {
        "white": np.full((side, side, 3), 255, np.uint8),
        "noise": random.integers(0, 256, (side, side, 3), np.uint8),
        "gradient": np.broadcast_to(ramp[None, :, None], (side, side, 3)),
        "wide": random.integers(0, 256, (side, 3 * side, 3), np.uint8),
        "tall": random.integers(0, 256, (3 * side, side, 3), np.uint8),
        "tiny": np.zeros((1, 1, 3), np.uint8),
    }
    pictures = []
    for name, sheet in sheets.items():
        height, width = sheet.shape[:2]
        digest = hashlib.sha256(sheet.tobytes()).hexdigest()
        image = Image.fromarray(np.ascontiguousarray(sheet))
        said = ("beach", "two words", "\u00e4rger") if name == "gradient" else ()
        pictures.append(Picture(Path(f"{name}.png"), digest, width, height, "PNG", {}, said, image))
    return pictures


def _build(spec: AnnotatorSpec, device: str) -> tuple[Check, Annotator | None]:
    from imsearch.annotator import Annotator

    rule = f"the factory builds an Annotator for {device!r}"
    try:
        with foreign():
            annotator = spec.factory(device)
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        return Check(rule, (_told(error),)), None
    if not isinstance(annotator, Annotator):
        return Check(rule, (f"it built a {type(annotator).__name__}, which is not an imsearch.Annotator",)), None
    if not isinstance(annotator.batch_size, int) or annotator.batch_size < 1:
        return Check(rule, (f"batch_size must be a positive number, not {annotator.batch_size!r}",)), None
    return Check(rule), annotator


def _behaviour(spec: AnnotatorSpec, annotator: Annotator) -> list[Check]:
    from imsearch.annotator import is_split

    pictures = sample_pictures(spec.input_size)
    prepared: list[Any] = []
    answers: list[Any] = []

    def prepare() -> list[str]:
        prepared.extend(annotator.prepare(picture) for picture in pictures)
        return []

    def annotate() -> list[str]:
        given = annotator.annotate(prepared)
        if not isinstance(given, Sequence) or isinstance(given, str | bytes):
            return [f"expected a list of annotations, got {type(given).__name__}"]
        answers.extend(given)
        return [] if len(answers) == len(prepared) else [f"{len(prepared)} pictures gave {len(answers)} answers"]

    def judge() -> list[str]:
        return [
            f"{picture.path.stem}: {problem}"
            for picture, answer in zip(pictures, answers, strict=True)
            for problem in annotation_problems(spec, answer) or _spellings(answer)
        ]

    def differences(others: Sequence[Annotation], how: str) -> list[str]:
        return [
            f"{picture.path.stem}: {problem}"
            for picture, other, answer in zip(pictures, others, answers, strict=True)
            if (problem := _difference(other, answer, how))
        ]

    def alone() -> list[str]:
        return differences([annotator.annotate([item])[0] for item in prepared], "alone")

    def split() -> list[str]:
        # As in a run: the second begins before the first is finished.
        begun = [annotator.begin(batch) for batch in (prepared[:1], prepared[1:])]
        return differences([answer for each in begun for answer in annotator.finish(each)], "when split")

    rules = [
        ("it prepares pictures of any shape", prepare),
        ("it answers a batch with one annotation for each picture", annotate),
        ("tags and vectors are what the spec says", judge),
        ("a picture gets the same tags alone as in a batch", alone),
    ]
    if is_split(annotator):
        rules.append(("begin and finish give what annotate gives, with two batches under way", split))
    return _until_failure(*rules)


def _counts(spec: AnnotatorSpec) -> list[str]:
    from imsearch.plugins.count_heads import head_problems

    return head_problems(spec, spec.counts() if spec.counts is not None else {})


def _until_failure(*rules: tuple[str, Callable[[], Sequence[str]]]) -> list[Check]:
    """Check the rules in order, up to the first that is broken."""
    checks = []
    for rule, broken in rules:
        try:
            with foreign():
                checks.append(Check(rule, tuple(broken())))
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            checks.append(Check(rule, (_told(error),)))
        if not checks[-1].passed:
            break
    return checks


def _spellings(answer: Annotation) -> list[str]:
    return [problem for tag in answer.tags if (problem := _spelling_problem(tag.name))]


def _difference(one: Annotation, other: Annotation, how: str) -> str:
    """Describe how an annotation made in this way differs by more than rounding; empty if it does not."""
    left = {tag.name: tag.probability for tag in one.tags}
    right = {tag.name: tag.probability for tag in other.tags}
    for name in sorted(left.keys() | right.keys()):
        # A tag that only one of them has may have fallen below the annotator's cut-off by rounding.
        if name in left and name in right and abs(left[name] - right[name]) > TOLERANCE:
            return f"{name!r} has {left[name]:.3f} {how} and {right[name]:.3f} in a batch"
    return ""


def _spelling_problem(name: str) -> str:
    """Return what is removed from a name during indexing; no reason to reject it."""
    if tidy(name) == name:
        return ""
    return f"{name!a} holds letters that cannot be seen, or is not in Unicode's NFC form; return {tidy(name)!a}"


def _closed(annotator: Annotator) -> Check:
    try:
        with foreign():
            annotator.close()
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        return Check("it closes", (_told(error),))
    return Check("it closes")


def _told(error: BaseException) -> str:
    """Return the exception and the line of the plugin that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{reason(error)}{place}"
