"""Any text to be written: it is written, or refused in one line, in little time."""

import random
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ink.alphabet import Alphabet
from model import MODELS
from results import write
from results.writing.writer import Writer
from tests.data_loader.formats.mutate import few_or_many
from tests.tiny import ARCHS
from utils.errors import InputError

LETTERS = " abcé.日"
FACTS: dict[str, Any] = {
    "corpus": "c",
    "alphabet": "".join(sorted(LETTERS)),
    "std": [1.0, 1.0],
    "mean_points_per_char": 3.0,
    "points_per_char": 4.0,
    "points_per_line": 30,
    "chars_per_line": 12,
}
SPACES = " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000\u2007\u2028\u2029\u202f\u3000\ufeff\u200b"
MARKS = "".join(map(chr, (*range(0x300, 0x345), 0x489, 0x20DD, 0x3099, 0x1F3FB, 0xFE0F, 0x200D)))
RIGHT_TO_LEFT = "אבגדابتث\u200e\u200f\u202a\u202e\u2066\u2069"
CONTROLS = "".join(map(chr, (*range(32), *range(127, 160))))
texts = st.one_of(
    *(st.text(st.sampled_from(letters), max_size=40) for letters in (LETTERS, LETTERS + SPACES, LETTERS + MARKS)),
    *(st.text(st.sampled_from(letters), max_size=40) for letters in (RIGHT_TO_LEFT + LETTERS, CONTROLS, SPACES)),
    st.text(max_size=40),
    st.text(st.characters(categories=["Cs", "Co", "Cn", "Mn"]), max_size=10),
)


@pytest.fixture(scope="module")
def writer() -> Writer:
    torch.manual_seed(1)
    args = {**ARCHS["ConditionalHandwriting"], "hidden_size": 8, "num_layers": 1}
    model = MODELS["ConditionalHandwriting"](alphabet_size=len(LETTERS), **args)
    return Writer(model.eval(), FACTS, {"arch": {"type": "ConditionalHandwriting", "args": args}}, Path("c.pt"))


def written_or_refused(writer: Writer, text: str, seconds: float = 5.0) -> bool:
    """Whether the text was written, all of it; else one line tells why."""
    started = time.process_time()
    try:
        (writing,) = write(writer, text)
    except InputError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
        str(error).encode()  # can be printed anywhere
        return False
    finally:
        assert time.process_time() - started < seconds
    assert set(writer.spelling.plain("".join(writing.texts))) <= set(LETTERS)
    assert len(writing.lines) == len(writing.texts)
    return True


@few_or_many(80, 1500)
def test_any_text_is_written_or_refused(writer: Writer, count: int) -> None:
    outcomes = []

    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck))
    @given(texts)
    def run(text: str) -> None:
        outcomes.append(written_or_refused(writer, text))
        stood_in, used = Alphabet(LETTERS).substitute(text)
        assert used or stood_in == Alphabet(LETTERS).substitute(stood_in)[0]

    run()
    assert {True, False} == set(outcomes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        SPACES,
        "\0",
        "\ud800",
        "\udfff\ud800",
        "a\ud800",
        RIGHT_TO_LEFT,
        MARKS,
        "a" + MARKS,
        CONTROLS,
        "\x1b[2J",
    ],
)
def test_a_text_that_cannot_be_written_is_refused(writer: Writer, text: str) -> None:
    assert not written_or_refused(writer, text)


@pytest.mark.parametrize("text", ["e\u0301", "a\u2028b", "\ta\r\nb\n", "a" * 300, "\u65e5"])
def test_an_odd_text_that_can_be_written_is(writer: Writer, text: str) -> None:
    assert written_or_refused(writer, text)


MEGABYTE = {
    "spaces": " " * 1_000_000,
    "line breaks": "\n" * 1_000_000,
    "unknown": "\u4e00" * 350_000,
    "all there is": "".join(map(chr, random.Random(1).choices(range(0x110000), k=300_000))),
    "marks": "a" + "\u0301" * 1_000_000,
}


@pytest.mark.parametrize("text", MEGABYTE.values(), ids=MEGABYTE.keys())
def test_a_megabyte_of_what_cannot_be_written_is_refused_at_once(writer: Writer, text: str) -> None:
    assert not written_or_refused(writer, text)


@pytest.mark.parametrize("text", ["a" * 1_000_000, "ab " * 333_333, "a\n" * 500_000])
def test_a_megabyte_is_cut_into_lines_at_once(writer: Writer, text: str) -> None:
    started = time.process_time()
    lines = writer.lines_of(text)
    assert "".join(lines).replace(" ", "") == "".join(text.split()) and time.process_time() - started < 5
