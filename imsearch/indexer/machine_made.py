"""Folders and files that machines make beside pictures: thumbnails, recycle bins, caches.

Only names that no person gives to a folder of pictures stand here alone; a name such as "Cache", "thumbs" or
"Thumbnails" counts only beside something that tells whose it is.  All are compared in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Set
from pathlib import Path

FOLDERS = frozenset(
    (
        # Network storage: Synology, QNAP, Buffalo, NetApp, Netatalk
        *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "@__thumb", "@sharebin", "@snapshots", "@synodrive"),
        *("@synologydrive", "@synoresource", "@synodrive_trash", "#recycle", "#snapshot", "#snapshots", "~snapshot"),
        *("network recycle bin", "network recycle bin 1", "network trash folder", "trashbox"),
        *("thevolumesettingsfolder", "thefindbycontentfolder"),
        # Operating systems and the file systems of theirs
        *("$recycle.bin", "$windows.~bt", "$windows.~ws", "$winreagent", "recycler", "system volume information"),
        *("found.000", "lost+found", "lost.dir", "__macosx", "backups.backupdb", "ipod photo cache"),
        *("apple tv photo cache", "aaplcache"),
        # Cameras: stills of the videos beside them
        "thmbnl",
        # Servers and galleries: Nextcloud, Piwigo, LibrePhotos, Plex
        *("files_trashbin", "files_versions", "pwg_representative", "thumbnails_big", "square_thumbnails"),
        *("square_thumbnails_small", "plex media server"),
        # Programs that are built
        *("node_modules", "__pycache__", "bower_components"),
    )
)
"""Folders of these names are left out wherever they lie."""

FOLDER_ENDINGS = (
    *(".lrdata", ".lrcat-data", ".cocatalogdb", ".fcpcache", ".trickplay"),
    *(".sparsebundle", ".backupbundle"),
)

_INSIDE = {
    "captureone": frozenset(("cache",)),
    "_data": frozenset(("i",)),  # Piwigo
    "library": frozenset(("caches",)),  # macOS
    "userdata": frozenset(("thumbnails",)),  # Kodi
    "generated images.bundle": frozenset(("thumbnails", "previews")),  # Mylio
}
"""Folders that are left out inside a folder of a name."""

_PACKAGES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary", ".migratedaplibrary")
_PACKAGES_KEEP = frozenset(("originals", "masters", "modified"))
"""Libraries of Apple's programs, and the folders in them that hold a person's pictures."""

_CAPTURE_ONE = ".cocatalog"
_CAPTURE_ONE_OWN = frozenset(("cache", "adjustments"))

_NEXTCLOUD = re.compile(r"appdata_oc[0-9a-z]{6,}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IMMICH_OWN = frozenset(("thumbs", "encoded-video", "profile", "backups"))

_FILES = ("synophoto_thumb", "synophoto_film", "synofile_thumb", "albumart_{", "albumartsmall.", ":2e")
"""How the names of such files begin."""

_NO_CONTENT = frozenset(("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"))
"""Files that systems put into folders; one that holds nothing else is empty to a person."""

_CACHE_TAG = "CACHEDIR.TAG"
_CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
"""https://bford.info/cachedir: how a program marks a folder that it can make again."""


def is_machine_file(name: str) -> bool:
    """Return whether a file with the ending of a picture was made by a machine, by its name in lower case."""
    return name.startswith(_FILES)


def is_machine_folder(name: str, parent: str) -> bool:
    """Return whether a folder was made by a machine, by its name and its parent's, both in lower case."""
    if name in FOLDERS or name.endswith(FOLDER_ENDINGS):
        return True
    if parent.endswith(_PACKAGES):
        return name not in _PACKAGES_KEEP
    if parent.endswith(_CAPTURE_ONE):
        return name in _CAPTURE_ONE_OWN
    if parent == "thumbs" and _UUID.fullmatch(name):
        return True  # Immich
    return name in _INSIDE.get(parent, ()) or _NEXTCLOUD.fullmatch(name) is not None


def own_folders(names: Set[str]) -> Set[str]:
    """Return which folders among these names, all that lie in one folder, belong to a program that works there.

    The result is in lower case; most often it is empty.
    """
    own: Set[str] = frozenset()
    if "catalog.sqlite3" in names:
        own = frozenset(("thumbnails",))  # a library of imsearch
    if "thumbs" in names and "encoded-video" in names:
        own |= _IMMICH_OWN
    if "AlbumData.xml" in names and any(name.lower().startswith(("iphoto", "library.", "library6.")) for name in names):
        own |= {name.lower() for name in names} - _PACKAGES_KEEP  # iPhoto before its libraries were packages
    return own


def is_own_folder(folder: str, name: str, names: Set[str]) -> bool:
    """Return whether what lies in a folder marks it as one that a program made for itself.

    folder: its path.  name: its name in lower case.  names: those of all that lies in it.
    """
    if ".ppstorage" in names:  # PhotoPrism
        return True
    if ".immich" in names and name in _IMMICH_OWN:
        return True
    return _CACHE_TAG in names and _is_tagged(Path(folder, _CACHE_TAG))


def holds_nothing(name: str) -> bool:
    """Return whether an entry of a folder is nothing that a person put there: hidden, or made by a machine."""
    lower = name.lower()
    return lower.startswith(".") or lower in FOLDERS or lower in _NO_CONTENT


def _is_tagged(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_CACHE_SIGNATURE)) == _CACHE_SIGNATURE
    except OSError:
        return False
