"""``python -m imsearch``."""

from __future__ import annotations

import sys

from imsearch.cli import main

if __name__ == "__main__":
    sys.exit(main())
