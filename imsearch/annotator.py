"""The classes a model plugin implements.

An annotator looks at pictures and returns what it sees; it never touches a store.  A text encoder, if a model has
one, embeds text in the space of its annotator's picture vectors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.pictures.picture import Picture
    from imsearch.records import Annotation


class Annotator(ABC):
    """A model, built by the factory of its `AnnotatorSpec` and used for one run.

    Calls come from two sides: `prepare` from several reader threads at once, `annotate` from one thread.

    Where a network runs on a device, or in a library that computes without holding the interpreter, `begin` and
    `finish` may split `annotate` in two: the network runs on the next batch while tags are made of the last one.
    """

    batch_size: int = 16
    """Preferred number of pictures per call of `annotate` on this device; ``--batch-size`` overrides it."""

    def prepare(self, picture: Picture) -> Any:
        """Return the input of `annotate` for one picture; runs in parallel on the reader threads.

        Return something small (a resized uint8 array): everything returned is held in memory until its batch runs.  The
        default returns the picture itself.  An exception is recorded as this annotator's failure on this picture.
        """
        return picture

    @abstractmethod
    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        """Return one annotation for each prepared picture, in order.

        One forward pass should give both tags and vector.  Probabilities are finite and in 0 to 1, names are
        non-empty and unique within a picture, vectors have the length the spec states: the indexer checks all of
        it.  When a batch raises, it is retried picture by picture, and any remaining failures are recorded.
        """

    def begin(self, batch: Sequence[Any]) -> Any:
        """Do the first half of `annotate`, and return what `finish` needs: usually the output of the network.

        Called for one batch at a time, and at the same time as `finish` for an earlier batch.  An annotator that has
        these two implements `annotate` as ``return self.finish(self.begin(batch))``.
        """
        return self.annotate(batch)

    def finish(self, begun: Any) -> Sequence[Annotation]:
        """Do the second half of `annotate`, on another thread; batches come in the order in which they were begun."""
        annotations: Sequence[Annotation] = begun
        return annotations

    def close(self) -> None:  # noqa: B027 - most annotators hold nothing that must be given back
        """Release the model's resources; called once, at the end."""


def is_split(annotator: Annotator) -> bool:
    """Return True if it has `begin` and `finish` of its own."""
    return type(annotator).begin is not Annotator.begin


@dataclass(frozen=True, slots=True, eq=False)
class CountHead:
    """A linear head that predicts from a vector how many of a thing its picture shows; see `AnnotatorSpec.counts`.

    `weights` is float32 of shape ``(3, vector_length)`` and `bias` of shape ``(3,)``: ``weights @ v + bias`` are the
    log-odds of exactly one, of two, and of three or more, where v is the vector scaled to length 1.
    """

    weights: NDArray[float32]
    bias: NDArray[float32]


class TextEncoder(Protocol):
    """An encoder of text into an annotator's vector space, built by `AnnotatorSpec.text_encoder` and kept for a
    process.

    It may have more than the methods below:

    ``reader``, a word that names one of several ways in which it may read texts, for example with an extra installed or
    not.

    ``pictures(vectors)`` projects the annotator's vectors, float32 ``(N, vector_length)`` of length 1, to the space of
    texts, float32 ``(N, length)`` of length 1.  Without it, texts are embedded among the vectors themselves.
    It is accompanied by ``towards(directions)``, from directions ``(texts, length)`` to ``(texts, vector_length)``:
    where
    among the vectors to search for pictures near a text, in a library too large to compare all.

    ``probability(cosines)`` returns how likely pictures of these cosines show what a text says, float32 in 0 to 1, of
    the
    shape of the cosines.  Without it, a picture is judged against the others of its library (docs/meaning.md).
    """

    @property
    def scale(self) -> float:
        """One unit of cosine in nats of log-odds; in CLIP the logit scale.  Positive and finite."""

    def encode(self, texts: Sequence[str]) -> NDArray[float32]:
        """Return directions in the space of pictures, float32 ``(texts, length)``, with `vector_length` as the default
        length.

        Their cosine with a picture's vector measures how well the two fit.  Rows have length 1, or are zeros for an
        unknown text.  Called by several threads, one at a time.
        """
