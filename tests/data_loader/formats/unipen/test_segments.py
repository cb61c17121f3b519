"""Statements, labels and ranges of UNIPEN's segments."""

import pytest

from data_loader.formats.read_report import BadFileError
from data_loader.formats.unipen.segments import (
    Segment,
    Span,
    included_paths,
    parse_segments,
    parse_span,
    statements,
)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("3", Span(3, 0, 3, None)),
        ("3-7", Span(3, 0, 7, None)),
        ("3:12-4:20", Span(3, 12, 4, 20)),
        ("3-4:20", Span(3, 0, 4, 20)),
        ("3:12-4", Span(3, 12, 4, None)),
        ("3:12", Span(3, 12, 3, 12)),
        ("9:5-9:5", Span(9, 5, 9, 5)),
    ],
)
def test_ranges(text: str, span: Span) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "-", "4-3", "3:5-3:4", "3-", ":4", "1-2-3", "1234567890", "a"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(BadFileError, match="bad range"):
        parse_span(text)


def test_statements_begin_in_the_first_column() -> None:
    data = b"free text\n.KEY one\n .no keyword\n3 4\n.TWO\n.3 is text\n.THREE x"
    assert list(statements(data)) == [
        (b"KEY", b"one\n .no keyword\n3 4\n"),
        (b"TWO", b".3 is text\n"),
        (b"THREE", b"x\n"),
    ]


def test_segments_and_includes() -> None:
    data = (
        b".VERSION 1.0\r\n.INCLUDE a/b.doc\r\n.INCLUDE\ta/c.dat \n"
        b'.SEGMENT WORD 3-5,9 OK  "say \\"no\\" \\\\ caf\xe9"\n.SEGMENT CHARACTER 1:2-1:9 ?\n"m\\@a\\@n\\@"\n\n'
    )
    assert included_paths(data) == ["a/b.doc", "a/c.dat"]
    assert list(parse_segments(data)) == [
        Segment((Span(3, 0, 5, None), Span(9, 0, 9, None)), "OK", 'say "no" \\ caf\u00e9'),
        Segment((Span(1, 2, 1, 9),), "?", "man"),
    ]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (b".SEGMENT WORD 3 OK", "broken segment"),
        (b'.SEGMENT WORD 3 "no quality"', "broken segment"),
        (b'.SEGMENT WORD x OK "a"', "broken segment"),
        (b'.SEGMENT WORD 3 OK "a" more', "broken segment"),
        (b'.SEGMENT WORD 3 OK "open', "broken segment"),
        (b'.SEGMENT WORD 3 FINE "a"', "unknown quality"),
        (b'.SEGMENT WORD 3-2 OK "a"', "bad range"),
        (b'.SEGMENT WORD 3,,4 OK "a"', "bad range"),
        (b'.SEGMENT WORD 3 OK "  "', "no text"),
        (b'.SEGMENT CHARACTER 3 OK "\\@"', "no text"),
        (b'.SEGMENT TEXT 3 OK "Word!"', "no text"),
        (b'.SEGMENT WORD 3 OK "a\x07b"', "bad text"),
        (b".SEGMENT", "broken segment"),
    ],
)
def test_a_segment_at_fault_leaves_the_others(statement: bytes, kind: str) -> None:
    good = b'.SEGMENT WORD 1 OK "a"\n'
    first, bad, last = parse_segments(good + statement + b"\n" + good)
    assert first == last == Segment((Span(1, 0, 1, None),), "OK", "a")
    assert isinstance(bad, BadFileError) and bad.kind == kind and "\n" not in bad.problem
