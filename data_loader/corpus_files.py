"""The files of a prepared corpus: flat arrays and an index on disk, memory-mapped, in data/<name>/.

points.bin  (N, 3) float32  x, y (downward, the data set's units), end_of_stroke, all lines in a row
times.bin   (N,) float64    seconds since the line's first point, NaN where the source has none
texts.bin   bytes           the transcriptions in UTF-8, all in a row
ids.bin     bytes           the lines' ids in UTF-8, all in a row
lines.bin   (L + 1,) INDEX  where each line begins in the others, its writer and split; the last row is the end
card.json                   counts, splits, alphabet, writers, moments of the offsets, unit, source, how made, hashes
"""

from pathlib import Path
from typing import Any

import numpy as np

INDEX = np.dtype([("point", "<i8"), ("text", "<i8"), ("id", "<i8"), ("writer", "<i4"), ("split", "<i4")])
FORMAT_VERSION = 1
FILES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "points.bin": ("<f4", (-1, 3)),
    "times.bin": ("<f8", (-1,)),
    "texts.bin": ("u1", (-1,)),
    "ids.bin": ("u1", (-1,)),
    "lines.bin": (INDEX, (-1,)),
}
"""Data type and shape of the array in each file."""
CARD = "card.json"

Arrays = dict[str, np.ndarray]


def map_file(folder: Path, name: str) -> np.ndarray:
    """Return the array in a file of FILES, memory-mapped.

    Raises OSError or ValueError where it is not there or of another size.
    """
    dtype, shape = FILES[name]
    path = folder / name
    array = np.memmap(path, dtype, "r") if path.stat().st_size else np.empty(0, dtype)  # an empty file cannot be mapped
    return np.asarray(array).reshape(shape)  # slices of a plain array are made faster than those of a memmap
