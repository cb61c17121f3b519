"""Damaged sources: mutants of valid bytes, and what `prepare` must make of them."""

import random
import re
import shutil
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data_loader.corpus import Corpus
from data_loader.corpus_writer import CorpusWriter
from data_loader.formats.read_report import Report
from utils.errors import InputError

SECONDS = 5.0
"""The most that one damaged source of a few kilobytes may take."""
NUMBER = re.compile(rb"-?\d+\.?\d*")
ODD_NUMBERS = (
    *(b"0", b"-1", b"nan", b"inf", b"1e999", b"99999999999", b"-2147483649", b"", b"1e-400", b"0x10"),
    b"7" * 400,
)


def few_or_many(few: int, slow: int) -> pytest.MarkDecorator:
    """Run a test with a `count` of `few` cases, and of `slow` where slow tests run."""
    return pytest.mark.parametrize("count", [few, pytest.param(slow, marks=pytest.mark.slow)])


def mutants(data: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Damaged copies: bits flipped, bytes replaced, pieces cut, repeated, moved or doubled, numbers made odd."""
    rng = random.Random(seed)
    for _ in range(count):
        mutant = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            mutant = bytearray(rng.choice(DAMAGES)(bytes(mutant), rng))
        yield bytes(mutant)


def survives(reader: Callable[..., Iterator[Any]], source: Path, folder: Path, **arguments: Any) -> str:
    """Read `source` into a corpus below `folder`: "corpus" when that is sound, "error" after one line of InputError.

    Anything else that comes of it is raised: another exception, a second line, a left-over, too long a time.
    """
    started, target = time.perf_counter(), folder / "corpus"
    report = Report()
    try:
        with warnings.catch_warnings(), CorpusWriter(target) as writer:
            warnings.simplefilter("error")
            for line in reader(source, report, **arguments):
                writer.add(line)
            writer.finish(source="fuzz", how_made="fuzz", report=report.as_dict())
        corpus = Corpus(target)
        assert len(corpus) and all(len(corpus.points(line)) >= 2 for line in range(len(corpus)))
        outcome = "corpus"
    except InputError as error:
        assert "\n" not in str(error) and 10 < len(str(error)) < 1500, str(error)
        outcome = "error"
    assert [path.name for path in folder.iterdir()] in ([], ["corpus"])
    assert time.perf_counter() - started < SECONDS
    shutil.rmtree(target, ignore_errors=True)
    return outcome


def outcomes(
    reader: Callable[..., Iterator[Any]], source: Path, damaged: Iterable[bytes], file: Path | None = None
) -> set[str]:
    """Return the outcomes of `survives` while `file` of a source, or the source itself, holds each of the contents."""
    file, folder = file or source, source.parent / "outcomes"
    whole = file.read_bytes()
    folder.mkdir(exist_ok=True)
    actual = set()
    for data in damaged:
        file.write_bytes(data)
        actual.add(survives(reader, source, folder))
    file.write_bytes(whole)
    return actual


def _flip(data: bytes, rng: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if mutant else 0):
        mutant[rng.randrange(len(mutant))] ^= 1 << rng.randrange(8)
    return bytes(mutant)


def _replace(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 2, 4, 16))) + data[at + rng.choice((0, 1, 2, 4, 16)) :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return rng.choice((data[:first], data[first:], data[:first] + data[last:]))


def _repeat(data: bytes, rng: random.Random) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:last] + data[first:last][:2000] * rng.choice((1, 1, 3)) + data[last:]


def _zeros(data: bytes, rng: random.Random) -> bytes:
    at, size = rng.randrange(len(data) + 1), rng.choice((1, 4, 64))
    return data[:at] + rng.choice((b"\0", b"\xff")) * size + data[at + size :]


def _number(data: bytes, rng: random.Random) -> bytes:
    numbers = list(NUMBER.finditer(data))
    if not numbers:
        return _flip(data, rng)
    chosen = rng.choice(numbers)
    return data[: chosen.start()] + rng.choice(ODD_NUMBERS) + data[chosen.end() :]


DAMAGES = (_flip, _replace, _cut, _repeat, _zeros, _number)
