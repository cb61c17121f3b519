"""UNIPEN under attack and at full size: damaged files and archives, and the real data set where it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data_loader.formats.unipen import reader
from data_loader.formats.unipen.reader import read_unipen
from tests.data_loader.formats.mutate import mutants, survives
from tests.data_loader.formats.unipen.mini_unipen import mini_unipen, write_archive, write_tree
from utils.errors import InputError


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [name for name in mini_unipen() if "README" not in name])
def test_damaged_files_are_read_or_left_out(tmp_path: Path, name: str, count: int) -> None:
    source, folder = write_tree(mini_unipen(), tmp_path / "source"), tmp_path / "out"
    folder.mkdir()
    for mutant in mutants(mini_unipen()[name], count, seed=len(name)):
        (source / name).write_bytes(mutant)
        assert survives(read_unipen, source, folder) == "corpus"


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_damaged_archives_are_read_or_refused(tmp_path: Path, suffix: str) -> None:
    source, folder = write_archive(mini_unipen(), tmp_path / f"x.tar.{suffix}"), tmp_path / "out"
    folder.mkdir()
    outcomes = set()
    for mutant in mutants(source.read_bytes(), 200):
        source.write_bytes(mutant)
        outcomes.add(survives(read_unipen, source, folder))
    assert "error" in outcomes


def test_a_source_may_not_be_larger_than_memory_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_BYTES", 5_000)
    files = mini_unipen() | {"train/data/1a/big.dat": bytes(9_000)}
    with pytest.raises(InputError, match="more than 5000 bytes"):
        list(read_unipen(write_archive(files, tmp_path / "x.tar.xz"), reader.Report()))


def test_ink_that_includes_itself_without_end_is_left_out_at_once(tmp_path: Path) -> None:
    bomb = b".INCLUDE b\n" * 1000
    files = mini_unipen() | {"data/8/b.dat": b'.INCLUDE b\n.SEGMENT TEXT 0 ? "x"\n', "include/b": bomb}
    report = reader.Report()
    assert list(read_unipen(write_tree(files, tmp_path), report))
    assert report.as_dict()["dropped"]["too many includes"]["count"] == 1


def test_a_path_that_leads_out_of_the_data_set_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b".PEN_DOWN\n1 1\n2 2\n")
    files = mini_unipen()
    for number, path in enumerate(["../../secret", str(tmp_path / "secret"), "../data/8/aaa/x.dat"]):
        files[f"train/data/8/aaa/{number}.dat"] = f'.INCLUDE {path}\n.SEGMENT TEXT 0 ? "x"\n'.encode()
    report = reader.Report()
    assert list(read_unipen(write_tree(files, tmp_path / "source"), report))
    assert report.as_dict()["dropped"]["included file is not there"]["count"] == 3


READ_ALL = """
import collections, json, sys, time
from pathlib import Path
from data_loader.formats.read_report import Report
from tests.peak_memory import peak_kib
from data_loader.formats.unipen.reader import read_unipen

start, report = time.process_time(), Report()
lines, points, writers, ids = collections.Counter(), 0, set(), set()
for line in read_unipen(Path(sys.argv[1]), report):
    lines[line.id.split("/")[0]] += 1
    points += len(line.points)
    writers.add(line.writer)
    ids.add(line.id)
    assert line.unit == "mm" and line.text and line.points[-1, 2] == 1
print(json.dumps({
    "lines": lines, "points": points, "writers": len(writers), "ids": len(ids),
    "dropped": {kind: entry["count"] for kind, entry in report.as_dict()["dropped"].items()},
    "noted": {kind: entry["count"] for kind, entry in report.as_dict()["noted"].items()},
    "seconds": time.process_time() - start,
    "peak_kib": peak_kib(),
}))
"""


@pytest.mark.slow
@pytest.mark.skipif("DUCTUS_DATA" not in os.environ, reason="the real data are not here: DUCTUS_DATA is not set")
def test_the_real_data_set() -> None:
    archive = Path(os.environ["DUCTUS_DATA"], "unipen", "train_r01_v07.tar.xz")
    root = Path(__file__).parents[4]
    command = [sys.executable, "-c", READ_ALL, str(archive)]
    out = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=900, check=True).stdout
    result = json.loads(out)
    assert result["lines"] == {
        "8": 19_409,
        "6": 33_807,
        "7": 1_121,
        "1a": 10_316,
        "1b": 14_443,
        "1c": 20_825,
        "1d": 8_476,
    }
    assert (result["points"], result["writers"]) == (24_757_329, 652)
    assert result["ids"] == sum(result["lines"].values())
    assert result["dropped"] == {
        "ink taken for a category before": 154_558,
        "ink of an earlier file": 1_223,
        "text of several lines": 43,
        "included file is not there": 1_866,
        "no text": 1_625,
        "ink of one place": 97,
        "no ink": 14,
    }
    assert result["noted"]["texts cut into lines"] == 1_909
    assert result["seconds"] < 240  # of the processor; three minutes by the clock where it is idle
    assert result["peak_kib"] < 1.5 * 2**20
