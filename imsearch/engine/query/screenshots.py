"""Screenshots, recognized by the names that phones and computers give to files.  Pure."""

from __future__ import annotations

import os
import re

_FILES = re.compile(
    r"screen[ _-]?shot|screen[ _-]?cap(?:ture)?(?![a-z])|bildschirm(?:foto|aufnahme)"
    r"|capture[ _-]?d.{0,2}[ée\u0301]+cran"
    r"|captura[ _-]de[ _-]pantalla|schermata|skärmavbild|schermafbeelding|zrzut ekranu|снимок экрана"
    r"|スクリーンショット|截屏|截图|屏幕快照|螢幕快照|螢幕截圖|스크린샷",
    re.IGNORECASE,
)
_FOLDERS = ("screenshots", "screenshot", "screen shots", "bildschirmfotos", "capturas de pantalla", "截图", "截屏")


def is_screenshot(path: str) -> bool:
    """Return True for a file with the name of a screenshot, or one directly in a folder of screenshots."""
    folder, _, name = path.rpartition(os.sep)
    return _FILES.search(name) is not None or folder.rpartition(os.sep)[2].casefold() in _FOLDERS
