"""The interface of a catalog: reading, recording, and the journal of the user's changes.

`imsearch.engine.stores.sql` implements all three on any database that SQLAlchemy speaks to; what queries ask is in
`imsearch.engine.stores.querying`.  Ids of images and tags are numbers of the catalog; paths are absolute.  Every method
raises `LibraryError` where the catalog cannot be used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from imsearch.engine.stores.annotator_status import AnnotatorStatus
from imsearch.engine.stores.batch import FileSeen, KnownFile, KnownImage, Reading
from imsearch.engine.stores.changes import Change
from imsearch.engine.stores.definitions import Defining, Definition, Phrase
from imsearch.engine.stores.derived import State
from imsearch.engine.stores.holdings import Holdings
from imsearch.engine.stores.journal import Revision
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.querying import CatalogQuerying
from imsearch.engine.stores.tag_names import Judgement
from imsearch.records import Failure, Folder, Image, Tag, Text
from imsearch.specs import AnnotatorSpec

if TYPE_CHECKING:
    from numpy import float16, float32, float64, int64, uint64
    from numpy.typing import NDArray

T = TypeVar("T")


class CatalogReading(CatalogQuerying, Protocol):
    """Reads what a library knows; every call sees one committed state, the newest, from any thread."""

    def state(self) -> State:
        """The library's own id and its generation, which grows with every change."""

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the result of `make` for the present state, cached until the catalog changes.

        key: names what is made, and what it depends on beside the catalog.
        """

    def changed_since(self, generation: int) -> list[int]:
        """The images changed after that generation, in order of id; 0 asks for all."""

    def holdings(self) -> Holdings:
        """Return how much the library holds."""

    def damages(self) -> list[str]:
        """Return what is wrong with the stored data, in words; reads everything.  Empty if nothing is."""

    # -- files

    def known_files(self, folder: Path) -> dict[str, KnownFile]:
        """Return the entries of the files under a folder, or of one file, by absolute path as `os.scandir` gives it.

        `KnownFile.image_id` is None for a file whose last reading failed.
        """

    def images_by_path(self, paths: Iterable[Path]) -> dict[Path, int]:
        """The ids of the images that these files hold; files that are not known are left out."""

    def paths_of(self, ids: Iterable[int]) -> dict[int, list[Path]]:
        """The files of images, by path; images without any are left out."""

    def live(self, ids: Iterable[int]) -> set[int]:
        """Those of these images that still have a file."""

    def files_of(self, ids: Iterable[int]) -> dict[int, list[FileSeen]]:
        """The files of images as they were when they were read, the last recorded first; none for one without."""

    def known_image(self, image: int) -> KnownImage | None:
        """Return what is needed to open an image; None when it is unknown or has no file any more."""

    def companions(self, paths: Iterable[str]) -> set[str]:
        """Those of these files that belong to a picture without holding its bytes: raw files beside a JPEG."""

    def images_with_copies(self) -> list[int]:
        """The images whose bytes several files hold, in order of id."""

    def failures(self, folder: Path | None = None) -> tuple[Failure, ...]:
        """The files that could not be read and the annotators that failed, under a folder or all, by path."""

    def folders(self) -> list[Folder]:
        """The folders that the library was told to index, by path."""

    # -- images

    def image(self, path_or_id: Path | int) -> Image | None:
        """One image by its id or by one of its files; None when it is unknown or has no file any more."""

    def images(self, ids: Iterable[int]) -> dict[int, Image]:
        """The images of these ids that still have files in the catalog.

        Of several files those come first that are there as they were indexed; only then they are looked at.
        """

    def images_by_sha256(self, hashes: Iterable[str]) -> dict[str, int]:
        """The ids of those of these bytes that the catalog knows, whether or not a file still holds them."""

    def hashes(self, ids: Iterable[int]) -> dict[int, str]:
        """The hashes of the bytes of images."""

    def perceptual_hashes(self) -> tuple[NDArray[int64], NDArray[uint64]]:
        """The images with files, in order of id, and their perceptual hashes, shape (n,) both; 0 for none."""

    def lacking(self, annotators: Sequence[str]) -> dict[int, tuple[str, ...]]:
        """The images that the current version of some of these annotators has not seen, and which those are."""

    def read_before(self, version: int) -> set[int]:
        """The images whose facts were read by a lower version of the program than this one."""

    def unlocated(self) -> list[int]:
        """The images with coordinates whose place is not told, or was told by an older gazetteer."""

    # -- tags and texts

    def tags_of(self, ids: Iterable[int], tail: Collection[str] | None = None) -> dict[int, tuple[Tag, ...]]:
        """The tags of images, the long tail too, the likeliest first; () for an image without any.

        tail: of the long tail only these, which is much less to read.  Where annotators agree on a tag and only some
        show it, the others are not heard then.
        """

    def verdicts_of(self, ids: Iterable[int]) -> dict[int, dict[str, int]]:
        """Return the user's verdicts, 1 for added and -1 for rejected, by image and tag; other images are left out."""

    def with_verdicts(self) -> list[int]:
        """The images of which the user added or rejected a tag, in order."""

    def written(self, ids: Iterable[int]) -> dict[int, list[Text]]:
        """Return the texts people wrote about images, and their sources, without images that have none."""

    def texts_of(self, ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        """Return the texts of images as (source, text): "title", "description" or "keyword"; empty without any."""

    def tag_names(self) -> list[str]:
        """Every tag an image ever had, shown or not, by the name it goes by now."""

    def rejected_names(self) -> set[str]:
        """The tags that the user rejected on some image."""

    def given_names(self) -> set[str]:
        """The tags that the user gave some image."""

    def renamed(self) -> dict[str, str]:
        """The tags that go by another name, and by which."""

    def sources(self) -> list[str]:
        """The annotators that were ever used and not forgotten, by name."""

    def tag_counts(self, prefix: str = "", source: str = "") -> list[tuple[str, int]]:
        """The shown tags that start with `prefix` and the number of images that show each, most frequent first.

        source: count only what this annotator says, or the user; what the user rejected counts for nobody.
        """

    # -- annotators and their vectors

    def annotators(self) -> tuple[AnnotatorStatus, ...]:
        """All that the library holds, forgotten ones too, by name; the versions of one in the order they came.

        Not among them is who says what the user defined by phrases, since that is none.
        """

    def vector(self, image: int, annotator: str) -> NDArray[float32] | None:
        """The vector that the current version of an annotator made of an image."""

    def vectors(self, annotator: str, ids: Iterable[int]) -> dict[int, NDArray[float32]]:
        """The vectors that the current version of an annotator made of these images."""

    def annotated_since(self, annotator: str, generation: int, ids: Iterable[int]) -> set[int]:
        """Those of these images that the current version of an annotator has looked at after that generation."""

    def count_vectors(self, annotator: str) -> int:
        """Return the number of images, with files or without, that have vectors of an annotator's current version."""

    def all_vectors(self, annotator: str) -> tuple[NDArray[int64], NDArray[float16]]:
        """The images with files that the current version of an annotator made vectors of, by id, and the vectors.

        Shapes (n,) and (n, length).
        """

    def vector_spaces(self) -> dict[str, tuple[str, int]]:
        """The current version and vector length of every annotator that makes vectors, by name."""

    # -- what the user said

    def history(self, limit: int | None = None, number: int | None = None) -> list[Change]:
        """The changes of the user, the newest first, or the one of this number.

        A renaming concerns the images that hold the tags now; how many may differ from when it was made.
        """

    def definitions(self, tag: int | None = None) -> tuple[Definition, ...]:
        """The tags that the user defined, by the names they go by; or that of the tag of this id."""

    def phrases(self) -> list[Phrase]:
        """Return the phrases of defined tags."""

    def judgement(self) -> Judgement:
        """All tags, what the user has judged, and whose tags count, in one state."""

    def limits(self) -> dict[int, Limits]:
        """The thresholds of annotators by their ids; without those that no run has used since thresholds are kept."""

    def said_of(self, images: Iterable[int]) -> NDArray[float64]:
        """Return the tags of images, except forgotten ones: image, annotator, tag, probability, shown; shape (n, 5)."""

    def spelled(self, tags: Iterable[int]) -> dict[int, str]:
        """The tags of these ids, as annotators say them."""


class CatalogRecording(Protocol):
    """Writes what the indexer read; each call is one transaction that also notes which images it changed.

    Several processes may each have one, and several threads may use one: a transaction waits for the one before it.
    """

    def use_annotators(self, specs: Sequence[AnnotatorSpec]) -> list[str]:
        """Register these annotators; their versions become the current ones of their names.

        Forgotten ones among them are heard again; the others that were forgotten are removed for good, and their names
        returned.
        """

    def record(self, readings: Sequence[Reading], failures: Sequence[Failure]) -> None:
        """Write down a batch of files that were read, and of files that could not be.

        Raises ValueError for bytes that are new and come without facts.
        """

    def forget(self, paths: Iterable[bytes]) -> int:
        """Remove files; their images stay, in case the bytes come back.  Returns how many were known."""

    def stamp(self, files: Iterable[tuple[str, int, int]]) -> None:
        """Note the `beside` and `ctime_ns` of known files that need not be read: ``(path, beside, ctime_ns)``."""

    def locate(self, images: Iterable[int]) -> None:
        """Write down where these images were taken, by the coordinates that the catalog holds."""

    def join(self, pairs: Sequence[tuple[FileSeen, Path]], gone: Iterable[bytes]) -> None:
        """Let raw files belong to the images of the files they are paired with; those that are gone to none."""

    def remember_folders(self, paths: Sequence[Path]) -> None:
        """Note folders that a run begins with."""

    def complete_folders(self, paths: Iterable[Path]) -> None:
        """Note that all below these folders is indexed by now."""

    def drop_folders(self, paths: Iterable[Path]) -> None:
        """Forget folders; the pictures below them stay as they are."""

    def forget_annotator(self, name: str) -> int:
        """Let an annotator be heard no more, in all its versions; returns how many pictures that concerns.

        Raises ImsearchError for a name that the library does not hold.
        """

    def restore_annotator(self, name: str) -> int:
        """Hear a forgotten annotator again; returns how many pictures that concerns.

        Raises ImsearchError where there is nothing to take back, or a run has removed it since.
        """


class Journal(Protocol):
    """Writes what the user says of tags; `CatalogReading.history` tells what that was.

    Several threads, and several processes, may change one catalog: a transaction waits for the one before it.
    """

    def revising(self) -> AbstractContextManager[Revision]:
        """One transaction of verdicts and names; nothing of it is kept when the block raises."""

    def defining(self) -> AbstractContextManager[Defining]:
        """One transaction of defined tags; nothing of it is kept when the block raises."""
