"""The single files of IAM-OnDB: transcriptions, lists, and the order of the lists, which tells the writers."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_loader.formats.iam_ondb.files import parse_ink, parse_list, parse_transcription, writers_of_list
from data_loader.formats.read_report import BadFileError
from tests.data_loader.formats.mini_iam import ink_xml
from utils.errors import InputError


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"CSR:\n\none\ntwo\n", ["one", "two"]),
        (b"OCR:\n\none two\n\nCSR:\n\none\ntwo\n", ["one", "two"]),
        (b"CSR: \n \n\n one \n\n\ttwo\t2\n \n", ["one", "two 2"]),
        (b"CSR: one\rtwo\r\nthree", ["one", "two", "three"]),
        (b"CSR:\none %%%%%%%%%%% two\n", ["one", "two"]),
        (b"CSR:\n5 %\n%%%%%\n50 %%\n", ["5 %", "50 %%"]),
        (b"CSR:\n&amp;quot; &apos;\n& so &lt; &quot;\n", ["&quot; '", '& so &lt; "']),
        (b"CSR:\nna\xefve \xbd\nfine\n", ["na\u00efve \u00bd", "fine"]),
        (b"CSR:\nbroken\x92s\x85one\n", ["broken\x92s\x85one"]),
        (b"OCR:\none\ntwo\n", []),
        (b"CSR:\n\n \n", []),
        (b"", []),
    ],
)
def test_transcriptions(text: bytes, lines: list[str]) -> None:
    assert parse_transcription(text) == lines


@given(st.binary())
def test_any_bytes_are_a_transcription_without_line_breaks(data: bytes) -> None:
    assert all(line and "\n" not in line and "\r" not in line for line in parse_transcription(b"CSR:" + data))


@given(st.lists(st.lists(st.tuples(st.integers(-(10**5), 10**5), st.integers(-(10**5), 10**5)), max_size=5)))
def test_ink_is_what_was_written(strokes: list[list[tuple[int, int]]]) -> None:
    data = ink_xml(tuple(tuple((x, y, i) for i, (x, y) in enumerate(stroke)) for stroke in strokes))
    expected = [(x, y, i == len(stroke) - 1) for stroke in strokes for i, (x, y) in enumerate(stroke)]
    if len(expected) < 2:
        with pytest.raises(BadFileError, match="no ink"):
            parse_ink(data)
        return
    ink = parse_ink(data)
    np.testing.assert_array_equal(ink.points, np.array(expected, np.float32))
    assert ink.empty_strokes == strokes.count([])


def test_lists() -> None:
    assert parse_list(b" a01-000u \r\nb02-001\n\n", "x.txt") == ["a01-000u", "b02-001"]
    with pytest.raises(InputError, match=r"x\.txt, line 2: 'a01-000u-01' is no form's name"):
        parse_list(b"a01-000u\na01-000u-01\n", "x.txt")
    with pytest.raises(InputError, match="names no form"):
        parse_list(b"", "x.txt")


def forms(writer: int, count: int = 8) -> list[str]:
    """A writer's forms in ascending order, which begins below where the last writer's ended."""
    return [f"{letter}01-{writer:03d}z" for letter in "abcdefghijklmnopqrstuvw"[:count]]


def test_eight_forms_in_ascending_order_are_one_writer() -> None:
    writers = writers_of_list(forms(1) + forms(2) + forms(3))
    assert [writers[form] for form in forms(1)] == [1] * 8
    assert [writers[form] for form in forms(3)] == [3] * 8


def test_a_writer_with_seven_forms_and_two_writers_in_one_run() -> None:
    twenty = [form for writer in range(20) for form in forms(writer)]
    writers = writers_of_list(twenty + forms(20, 7) + forms(21, 16) + forms(23))
    assert [writers[form] for form in forms(20, 7)] == [21] * 7
    assert [writers[form] for form in forms(21, 16)] == [22] * 8 + [23] * 8
    assert writers[forms(23)[0]] == 24


def test_a_run_that_eight_does_not_divide_is_left_open() -> None:
    ten = [form for writer in range(10) for form in forms(writer)]
    writers = writers_of_list(ten + forms(10, 15) + forms(12))
    assert not writers.keys() & set(forms(10, 15))
    assert len(set(writers.values())) == 11


@pytest.mark.parametrize("order", [sorted, lambda names: sorted(names, reverse=True), lambda names: names[::3]])
def test_another_order_tells_nothing(order: Callable[[list[str]], list[str]]) -> None:
    assert writers_of_list(order([form for writer in range(24) for form in forms(writer)])) == {}
