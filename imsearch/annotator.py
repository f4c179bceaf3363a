"""The classes a model plugin implements.

An annotator looks at pictures and returns what it sees; it never touches a store.  A text encoder, where a model has
one, puts words into the space of the vectors that its annotator makes of pictures.
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
    """

    batch_size: int = 16
    """How many pictures a call of `annotate` should get on this device; ``--batch-size`` overrides it."""

    def prepare(self, picture: Picture) -> Any:
        """What `annotate` needs of one picture, made in parallel on the reader threads.

        Return something small (a resized uint8 array): everything returned waits in memory for its batch.  The
        default hands the picture itself on.  An exception is recorded as this annotator's failure on this picture.
        """
        return picture

    @abstractmethod
    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        """One annotation for each prepared picture, in order.

        One forward pass should give both tags and vector.  Probabilities are finite and in 0 to 1, names are
        non-empty and unique within a picture, vectors have the length the spec states: the indexer checks all of
        it.  When a batch raises, it is retried picture by picture, and what still fails is recorded.
        """

    def close(self) -> None:  # noqa: B027 - most annotators hold nothing that must be given back
        """Give back what the model holds; called once, at the end."""


@dataclass(frozen=True, slots=True, eq=False)
class CountHead:
    """What tells from a vector how many of a thing its picture shows; see `AnnotatorSpec.counts`.

    `weights` is float32 of shape ``(3, vector_length)`` and `bias` of shape ``(3,)``: ``weights @ v + bias`` are the
    log-odds that there is just one, that there are two, and that there are three or more, where v is the vector scaled
    to length 1.
    """

    weights: NDArray[float32]
    bias: NDArray[float32]


class TextEncoder(Protocol):
    """The way of text into an annotator's vector space, built by `AnnotatorSpec.text_encoder` and kept for a process.

    It may have more than what is below:

    ``reader``, a word that names one of several ways in which it may read texts, as by an extra that is installed or
    not.

    ``pictures(vectors)`` brings the annotator's vectors, float32 ``(N, vector_length)`` of length 1, into the space of
    texts, float32 ``(N, length)`` of length 1.  Without it, texts have their directions among the vectors themselves.
    With it goes ``towards(directions)``, from directions ``(texts, length)`` to ``(texts, vector_length)``: where among
    the vectors to look for the pictures that are near to a text, in a library too large to compare all.

    ``probability(cosines)`` tells how likely pictures of these cosines show what a text says, float32 in 0 to 1, of the
    shape of the cosines.  Without it, a picture is judged against the others of its library (docs/meaning.md).
    """

    @property
    def scale(self) -> float:
        """How much one unit of cosine is worth, in nats of log-odds; in CLIP the logit scale.  Positive and finite."""

    def encode(self, texts: Sequence[str]) -> NDArray[float32]:
        """Directions in the space of pictures, float32 ``(texts, length)``; the length is `vector_length` by itself.

        Their cosine to a picture's vector tells how well the two fit.  Rows have the length 1, or are zeros for a text
        of which nothing is known.  Called by several threads, one after another.
        """
