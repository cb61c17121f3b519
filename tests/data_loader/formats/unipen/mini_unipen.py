"""A tiny UNIPEN data set of two collections, as files by path."""

import gzip
import lzma
from pathlib import Path

from tests.data_loader.formats.mini_iam import tar_bytes

HEADER = b""".VERSION 1.0
.COMMENT a page about .PEN_DOWN and
3 things more, the lines of which are no points
\t.COORD.
.COORD X Y
.X_POINTS_PER_MM 10
.Y_POINTS_PER_MM 20
.POINTS_PER_SECOND 100
"""
INK = b""".WRITER_ID ann
.HAND L
.START_BOX
.PEN_DOWN
100 200
110 220
120 200
.PEN_UP
.DT 50
.PEN_DOWN
130 200
130 260
.PEN_UP 5 5
6 6
.PEN_DOWN
.PEN_UP
.PEN_DOWN 140 200
140 240
.WRITER_ID bob
.HAND R
.PEN_DOWN
50 60
55 65
60 70
65 75
"""
TEXTS = b""".VERSION 1.0
.INCLUDE aaa/aaa.doc
.INCLUDE aaa/data/x.dat
.SEGMENT TEXT 0-3 ? "to be"
.SEGMENT TEXT 4 BAD "or"
"""
WORDS = TEXTS.partition(b".SEGMENT")[0] + (
    b'.SEGMENT WORD 0-1 OK "to"\n.SEGMENT WORD 3-3 GOOD "be"\n.SEGMENT WORD 4 BAD "or"\n'
)
TIMED = b""".COORD X Y T P
.X_POINTS_PER_INCH 254
.POINTS_PER_SECOND 100
.PEN_DOWN
1 1 500 7
2 2 510 7
3 1 520 7
"""


def mini_unipen() -> dict[str, bytes]:
    """Return the files by path inside the archive."""
    return {
        "train/README.md": b"no data",
        "train/data/8/aaa/x.dat": TEXTS,
        "train/data/7/aaa/x.dat": WORDS,
        "train/data/1c/bbb/y.dat": b'.INCLUDE bbb/data/y.dat\n.SEGMENT CHARACTER 0:0-0:1 ? "i"\n',
        "train/include/aaa/aaa.doc": HEADER,
        "train/include/aaa/data/x.dat": INK,
        "train/include/bbb/data/y.dat": TIMED,
    }


def write_tree(files: dict[str, bytes], folder: Path) -> Path:
    """Write the unpacked files, and return the folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_archive(files: dict[str, bytes], path: Path) -> Path:
    """Write the files as a .tar.gz or .tar.xz by the name of the path, and return the path."""
    pack = lzma.compress if path.suffix == ".xz" else gzip.compress
    path.write_bytes(pack(tar_bytes(files)))
    return path
