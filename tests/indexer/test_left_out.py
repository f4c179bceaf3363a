"""What machines make beside pictures is left out, and nothing of the user's is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.indexer.left_out import Reason
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.indexer.report import Report
from imsearch.indexer.scan import Scan, Scanner
from tests.fakes import colour_spec
from tests.make_pictures import plain


def put(folder: Path, *names: str) -> None:
    """Empty files: a scan looks at names only."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def scan(folder: Path, *named: Path) -> Scan:
    scanner = Scanner()
    list(scanner.scan([folder], named))
    return scanner.found


def names(found: Scan, folder: Path) -> list[str]:
    return sorted(Path(file.path).relative_to(folder).as_posix() for file in found.files)


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir/IMG_1.jpg/SYNOPHOTO_THUMB_XL.jpg",
        "trip/@eadir/1.jpg",
        "#recycle/1.jpg",
        "#Snapshot/1.jpg",
        ".@__thumb/1.jpg",
        "@Recycle/1.jpg",
        "@Recently-Snapshot/1.jpg",
        "$RECYCLE.BIN/S-1-5-21/1.jpg",
        "System Volume Information/1.jpg",
        "lost+found/1.jpg",
        ".Trash-1000/files/1.jpg",
        ".dtrash/files/1.jpg",
        ".thumbnails/large/1.png",
        ".picasaoriginals/1.jpg",
        ".stversions/1.jpg",
        "__MACOSX/1.jpg",
        "._IMG_1.jpg",
        "SYNOPHOTO_THUMB_M.jpg",
        "AlbumArt_{2FA04E6D-CBC8-4A6F-A3B1-DF0B1D2F1C77}_Large.jpg",
        "Mac.photoslibrary/resources/derivatives/1.jpeg",
        "Mac.photoslibrary/private/com.apple.photoanalysisd/1.jpg",
        "Mac.PhotosLibrary/database/1.jpg",
        "Old.aplibrary/Previews/1.jpg",
        "iPhoto.photolibrary/Thumbnails/1.jpg",
        "Lightroom Previews.lrdata/1.jpg",
        "Catalog.lrcat-data/1.jpg",
        "shoot/CaptureOne/Cache/Proxies/1.jpg",
        "C1.cocatalog/Cache/1.jpg",
        "data/appdata_oc1a2b3c4d5e/preview/1.jpg",
        "anna/files_trashbin/files/1.jpg",
        "thumbs/6f1b2c3d-0000-4000-8000-123456789abc/1-preview.jpeg",
        "PRIVATE/M4ROOT/THMBNL/C0001T01.JPG",
        "gallery/_data/i/1-th.jpg",
        "site/node_modules/lib/1.png",
    ],
)
def test_what_machines_make_is_left_out(tmp_path: Path, name: str) -> None:
    put(tmp_path, "mine.jpg", name)
    found = scan(tmp_path)
    assert names(found, tmp_path) == ["mine.jpg"]
    assert sum(found.left_out.counts().values()) == 1


@pytest.mark.parametrize(
    "name",
    [
        "Cache/1.jpg",
        "Originals/1.jpg",
        "Thumbs/1.jpg",
        "thumbnails/1.jpg",
        "recycle/1.jpg",
        "Trash/1.jpg",
        "resources/1.jpg",
        "private/1.jpg",
        "backups/1.jpg",
        "encoded-video/1.jpg",
        "Library/1.jpg",
        "Previews/1.jpg",
        "@home/1.jpg",
        "#1 winner/1.jpg",
        "$100/1.jpg",
        "~anna/1.jpg",
        "Mac.photoslibrary/originals/0/1.heic",
        "Mac.photoslibrary/Masters/2014/1.jpg",
        "iPhoto.photolibrary/Modified/1.jpg",
        "C1.cocatalog/Originals/1.jpg",
        "shoot/CaptureOne/1.jpg",
        "appdata/1.jpg",
        "AlbumArt.jpg",
        "synology.jpg",
    ],
)
def test_no_folder_of_the_users_is_lost(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    assert names(scan(tmp_path), tmp_path) == [name]


@pytest.mark.parametrize(
    ("mark", "inside", "outside"),
    [
        ("library/catalog.sqlite3", "library/thumbnails/ab/1.jpg", "library/mine.jpg"),
        ("immich/encoded-video/1.mp4", "immich/thumbs/1.webp", "immich/upload/1.jpg"),
        ("immich/thumbs/.immich", "immich/thumbs/1.webp", "immich/library/1.jpg"),
        ("storage/.ppstorage", "storage/cache/1.jpg", "originals/1.jpg"),
        ("iPhoto Library/iPhotoMain.db", "iPhoto Library/Data/1.jpg", "iPhoto Library/Originals/1.jpg"),
    ],
)
def test_a_name_that_is_everybodys_counts_beside_a_mark(tmp_path: Path, mark: str, inside: str, outside: str) -> None:
    put(tmp_path, mark, inside, outside)
    if mark.startswith("iPhoto"):
        put(tmp_path, "iPhoto Library/AlbumData.xml")
    assert names(scan(tmp_path), tmp_path) == [outside]


def test_a_folder_that_is_tagged_as_a_cache(tmp_path: Path) -> None:
    put(tmp_path, "made/1.jpg", "mine/1.jpg")
    (tmp_path / "made" / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# by a program\n")
    (tmp_path / "mine" / "CACHEDIR.TAG").write_text("a list of my caches\n")
    assert names(scan(tmp_path), tmp_path) == ["mine/1.jpg"]


def test_what_is_named_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "#recycle/1.jpg", "@eaDir/2.jpg/SYNOPHOTO_THUMB_M.jpg", ".hidden/3.jpg", ".4.jpg", "5.jpg")
    assert names(scan(tmp_path / "#recycle"), tmp_path) == ["#recycle/1.jpg"]
    assert names(scan(tmp_path / "@eaDir"), tmp_path) == ["@eaDir/2.jpg/SYNOPHOTO_THUMB_M.jpg"]
    inside = [tmp_path / name for name in ("#recycle", ".hidden/3.jpg", ".4.jpg", "5.jpg")]
    beside = scan(tmp_path, *inside)
    assert names(beside, tmp_path) == ["#recycle/1.jpg", ".4.jpg", ".hidden/3.jpg", "5.jpg"]


def run(engine: Engine, *paths: Path, known: tuple[Path, ...] = ()) -> Report:
    return index(paths, engine, [colour_spec()], IndexOptions(known_folders=known))


def test_a_folder_that_was_named_once_stays(engine: Engine, photos: Path) -> None:
    bin_ = photos / "#recycle"
    bin_.mkdir()
    plain(bin_ / "1.png", seed=1)
    assert run(engine, bin_).new == 1
    plain(bin_ / "2.png", seed=2)
    report = run(engine, photos, known=(photos, bin_))
    assert (report.new, report.unchanged, report.removed) == (4, 1, 0)


def test_known_pictures_that_are_left_out_now_are_forgotten_and_come_back(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "sub").rename(photos / "@eaDir")
    with monkeypatch.context() as before:
        before.setattr("imsearch.indexer.scan.is_machine_folder", lambda name, parent: False)
        assert run(engine, photos).new == 3
    report = run(engine, photos)
    assert (report.removed, report.excluded, report.unchanged) == (1, 1, 2)
    assert dict(report.left_out.listed()) == {photos / "@eaDir": Reason.MACHINE}
    (photos / "@eaDir").rename(photos / "sub")
    report = run(engine, photos)
    assert (report.copied + report.new, report.annotated) == (1, 0)


def test_links_to_such_folders_are_left_out_too(tmp_path: Path) -> None:
    put(tmp_path, "outside/1.jpg", "photos/2.jpg")
    (tmp_path / "photos" / "@eaDir").symlink_to(tmp_path / "outside")
    assert names(scan(tmp_path / "photos"), tmp_path) == ["photos/2.jpg"]


def test_the_page_names_what_is_left_out(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "folders.md").read_text("utf-8")
    table = page.split("| folder | made by |")[1].split("\n\n", 1)[0]
    named = re.findall(r"`([^`]+)`", table)
    assert len(named) > 30
    put(tmp_path, *(f"{name}/1.jpg" for name in named))
    assert names(scan(tmp_path), tmp_path) == []
