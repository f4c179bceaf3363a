"""How long it takes to read the list of places, and to name those of many pictures.

python -m benchmarks.places [--pictures 10000] [--json]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.pictures import report
from imsearch.engine.words.gazetteer import Gazetteer

ROME = (41.8902, 12.4922)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    # Over Europe, where places lie close together.
    points = np.column_stack([random.uniform(40, 55, options.pictures), random.uniform(-5, 20, options.pictures)])
    places = [(float(latitude), float(longitude)) for latitude, longitude in points]
    gazetteer = Gazetteer()
    rows = []
    for name, points_of in (("the first picture", [ROME]), (f"{options.pictures:,} more", places)):
        start = time.perf_counter()
        gazetteer.locate(points_of)
        seconds = time.perf_counter() - start
        rows.append({"what": name, "s": seconds, "ms a picture": 1000 * seconds / len(points_of)})
    start = time.perf_counter()
    Gazetteer().find("Rome")
    rows.append({"what": "near:Rome", "s": time.perf_counter() - start, "ms a picture": 0.0})
    report(f"{len(gazetteer):,} places", rows, options.json)


if __name__ == "__main__":
    main()
