"""IAM-OnDB under attack and at full size: mutated archives, and the real database where it is."""

import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data_loader.formats.iam_ondb.reader import read_iam_ondb
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from tests.data_loader.formats.mini_iam import MiniIam, tar_bytes, tar_gz
from utils.errors import InputError

NUM_MUTATIONS = 300


def mutated(sound: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, put in, taken out, or the end cut off."""
    data = bytearray(sound)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(max(1, len(data) - 1))
        kind = rng.random()
        if kind < 0.7 and data:
            data[place] = rng.choice([rng.randrange(256), ord("<"), ord("&"), ord("9"), 0])
        elif kind < 0.8:
            data[place:place] = bytes(rng.randrange(256) for _ in range(rng.choice([1, 512])))
        elif kind < 0.9:
            del data[place : place + rng.choice([1, 512])]
        else:
            del data[place + 1 :]
    return bytes(data)


def check(line: InkLine) -> None:
    """All that InkLine promises."""
    assert line.id and line.text.strip() == line.text != "" and line.text.isprintable()
    assert line.points.ndim == 2 and line.points.shape[1] == 3 and len(line.points) >= 2
    assert line.points.dtype == np.float32 and np.all(np.isfinite(line.points))
    assert set(np.unique(line.points[:, 2])) <= {0, 1} and line.points[-1, 2] == 1
    assert line.times is None or (line.times.shape == (len(line.points),) and np.all(np.isfinite(line.times)))


def read_or_refuse(folder: Path) -> bool:
    """Whether the folder could be read; any exception but InputError fails the test."""
    try:
        for line in read_iam_ondb(folder, report := Report()):
            check(line)
    except InputError as error:
        assert "\n" not in str(error)
        return False
    json.dumps(report.as_dict())
    assert all("\n" not in line for line in report.summary())
    return True


def sound_pieces() -> Iterator[tuple[str, bytes, bool]]:
    """Each of the files, and whether it is packed after the mutation."""
    mini = MiniIam()
    for name, members in (("lineStrokes", mini.ink_members()), ("ascii", mini.text_members())):
        yield f"{name}-all.tar.gz", tar_bytes(members), True
        yield f"{name}-all.tar.gz", tar_gz(members), False
    yield "trainset.txt", mini.lists["trainset"], False


@pytest.mark.parametrize("piece", range(5))
def test_mutations_are_read_or_refused(tmp_path: Path, piece: int) -> None:
    name, sound, pack = list(sound_pieces())[piece]
    folder = MiniIam().write_archives(tmp_path)
    rng = random.Random(piece)
    outcomes = set()
    for _ in range(NUM_MUTATIONS):
        data = mutated(sound, rng)
        (folder / name).write_bytes(gzip.compress(data, 1) if pack else data)
        outcomes.add(read_or_refuse(folder))
    assert False in outcomes


def test_mutated_single_files_never_stop_the_rest(tmp_path: Path) -> None:
    rng = random.Random(7)
    for _ in range(NUM_MUTATIONS):
        mini = MiniIam()
        mini.ink["a01-000u-02"] = mutated(mini.ink["a01-000u-02"], rng)
        mini.texts["b02-001z"] = mutated(mini.texts["b02-001z"], rng)
        lines = list(read_iam_ondb(mini.write_archives(tmp_path), Report()))
        assert {"a01-000u-01", "a01-000u-03", "c03-002-01"} <= {line.id for line in lines}
        for line in lines:
            check(line)


READ_ALL = """
import collections, json, sys, time
from pathlib import Path
from data_loader.formats.iam_ondb.reader import read_iam_ondb
from data_loader.formats.read_report import Report
from tests.peak_memory import peak_kib

start, report = time.monotonic(), Report()
lines, forms, writers, characters = (collections.defaultdict(set) for _ in range(4))
points = 0
for line in read_iam_ondb(Path(sys.argv[1]), report):
    lines[line.split].add(line.id)
    forms[line.split].add(line.id[:-3])
    writers[line.split].add(line.writer)
    characters[line.split].update(line.text)
    points += len(line.points)
print(json.dumps({
    "lines": {k: len(v) for k, v in lines.items()},
    "forms": {k: len(v) for k, v in forms.items()},
    "writers": {k: len(v) for k, v in writers.items()},
    "characters": "".join(sorted(set().union(*characters.values()))),
    "points": points,
    "report": report.as_dict(),
    "seconds": time.monotonic() - start,
    "peak_kib": peak_kib(),
}))
"""
OFFICIAL = {"trainset": (5364, 775, 97), "testset_v": (1438, 192, 24), "testset_f": (3859, 544, 68)}


@pytest.mark.slow
@pytest.mark.skipif("DUCTUS_DATA" not in os.environ, reason="the real data are not here: DUCTUS_DATA is not set")
def test_the_real_database() -> None:
    """The exact counts; 82 characters are in the files, 81 in the texts: "%" only marks two joined lines."""
    command = [sys.executable, "-c", READ_ALL, str(Path(os.environ["DUCTUS_DATA"], "iam-ondb"))]
    root = Path(__file__).parents[4]
    out = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=True).stdout
    card = json.loads(out)
    for split, counts in OFFICIAL.items():
        assert (card["lines"][split], card["forms"][split], card["writers"][split]) == counts, split
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    assert set(card["characters"]) == set(" !\"#&'()*+,-./:;?[]0123456789" + letters)
    assert len(card["characters"]) == 81
    assert card["report"]["noted"]["two lines of text that a row of % joins, split"]["places"][0]["where"] == "a08-551z"
    if set(card["lines"]) == set(OFFICIAL):
        assert card["points"] == 6_609_930
        assert not card["report"]["dropped"]
    assert card["seconds"] < 60
    assert card["peak_kib"] < 2**20
