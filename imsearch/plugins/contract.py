"""The contract of annotators, as checks that can be run on any of them.

``imsearch plugins check NAME`` and the pytest plugin run `check_annotator`.  The indexer checks every result itself, so
that a model that breaks the contract on a single picture is caught too.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imsearch.languages.letters import breaks_lines, is_blank, tidy
from imsearch.plugins.text_contract import text_rules
from imsearch.records import DEFINED, RANKING_ONLY, USER, Annotation, Tag
from imsearch.specs import AnnotatorSpec
from imsearch.system.foreign import foreign, is_ctrl_c, reason

if TYPE_CHECKING:
    from imsearch.annotator import Annotator
    from imsearch.pictures.picture import Picture

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
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
            checks += _until_failure(("what counts things is as the spec's vectors need it", lambda: _counts(spec)))
    finally:
        closed = _closed(annotator)
    return checks if closed.passed else [*checks, closed]


def spec_problems(spec: AnnotatorSpec) -> list[str]:
    """Return what is wrong with a spec; needs no model."""
    problems = []
    if not isinstance(spec.name, str) or not NAME.fullmatch(spec.name) or spec.name in (USER, DEFINED):
        problems.append(
            f"the name must be lower-case letters, digits, '-', '_' or '.', and not {USER!r} or {DEFINED!r}"
        )
    if not isinstance(spec.version, str) or not spec.version.strip():
        problems.append("the version must be a text that is not empty")
    if not callable(spec.factory):
        problems.append("the factory must be callable with a device")
    if len(set(spec.vocabulary)) < len(spec.vocabulary):
        problems.append("the vocabulary names a tag twice")
    if bad := [word for word in spec.vocabulary if _name_problem(word)]:
        problems.append(f"the vocabulary holds {bad[0]!r}: {_name_problem(bad[0])}")
    if spec.vocabulary and (foreign := sorted(spec.thresholds.keys() - set(spec.vocabulary))):
        problems.append(f"there is a threshold for {foreign[0]!r}, which is not in the vocabulary")
    problems += _threshold_problems(spec)
    if spec.vector_length is not None and spec.vector_length < 1:
        problems.append("the vector length must be positive, or None for no vectors")
    if spec.counts is not None and (not callable(spec.counts) or spec.vector_length is None):
        problems.append("counts must be a function, and needs vectors to count by")
    if spec.text_encoder is not None and not callable(spec.text_encoder):
        problems.append("the text encoder must be a function that builds one, or None")
    if spec.text_encoder is not None and spec.vector_length is None:
        problems.append("a text encoder needs vectors to be compared with, but the vector length is None")
    if spec.input_size < 1:
        problems.append("the input size must be positive")
    return problems


def _threshold_problems(spec: AnnotatorSpec) -> list[str]:
    """Describe the first threshold that is neither a probability nor `RANKING_ONLY`."""
    for name, value in (("", spec.threshold), *spec.thresholds.items()):
        if not _is_probability(value) and value != RANKING_ONLY:
            whose = f"the threshold of {name!r}" if name else "the threshold"
            return [f"{whose} is {value!r}; it must lie in 0 to 1, or be imsearch.RANKING_ONLY, which hides the tag"]
    return []


def annotation_problems(spec: AnnotatorSpec, annotation: object) -> list[str]:
    """Return what is wrong with the annotation of one picture."""
    if not isinstance(annotation, Annotation):
        return [f"expected an Annotation, got {type(annotation).__name__}"]
    given: object = annotation.tags
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        return [f"the tags of an Annotation are a tuple of Tag, not {type(given).__name__}"]
    if odd := [tag for tag in given if not isinstance(tag, Tag)]:
        return [f"expected a Tag, got {type(odd[0]).__name__}: {odd[0]!r:.40}"]
    names = [tag.name for tag in annotation.tags]
    problems = [f"tag {name!r}: {problem}" for name in names if (problem := _name_problem(name))]
    if problems:
        return problems
    if len(set(names)) < len(names):
        problems.append("a tag is named twice for one picture")
    problems += [
        f"tag {tag.name!r} has the probability {tag.probability}; it must lie in 0 to 1"
        for tag in annotation.tags
        if not _is_probability(tag.probability)
    ]
    if spec.vocabulary and (foreign := sorted(set(names) - set(spec.vocabulary))):
        problems.append(f"tag {foreign[0]!r} is not in the vocabulary")
    return problems + _vector_problems(spec, annotation.vector)


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
        return Check(rule, (f"it built a {type(annotator).__name__}, which is no imsearch.Annotator",)), None
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


def _vector_problems(spec: AnnotatorSpec, vector: Any) -> list[str]:
    import numpy as np

    if (vector is None) != (spec.vector_length is None):
        return [f"the spec promises vectors of length {spec.vector_length}, the answer holds {vector!r:.40}"]
    if vector is None:
        return []
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32 or vector.shape != (spec.vector_length,):
        found = f"{vector.dtype} {vector.shape}" if isinstance(vector, np.ndarray) else type(vector).__name__
        return [f"the vector must be float32 of shape ({spec.vector_length},), not {found}"]
    return [] if np.isfinite(vector).all() else ["the vector holds NaN or infinity"]


def _name_problem(name: object) -> str:
    if not isinstance(name, str) or is_blank(name):
        return "a tag needs a name that can be seen"
    if breaks_lines(name):
        return "control characters and line breaks"
    if name != " ".join(name.split()):
        return "spaces at the ends or in a row"
    return "" if name == name.lower() else "tags are lower case"


def _spelling_problem(name: str) -> str:
    """Return what is removed from a name during indexing; no reason to reject it."""
    if tidy(name) == name:
        return ""
    return f"{name!a} holds letters that cannot be seen, or is not in Unicode's NFC form; return {tidy(name)!a}"


def _is_probability(value: Any) -> bool:
    try:
        return 0 <= float(value) <= 1 and not isinstance(value, str | bytes)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return False


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
