"""Shares of misread characters by kind, counted by hand."""

from results.reading.kinds import misread_by_kind
from results.reading.scores import ReadLine


def test_misread_characters_are_counted_by_their_kind() -> None:
    lines = [
        ReadLine("1", "", "Call 555-0134!", "Cal S55-0734l"),
        ReadLine("2", "", "AB ab", "Ab abx"),
    ]
    kinds = misread_by_kind(lines)
    assert {kind: (part["characters"], part["misread"]) for kind, part in kinds.items()} == {
        "small letters": (5, 1),
        "capitals": (3, 1),
        "digits": (7, 2),
        "signs": (2, 1),
    }
    assert kinds["digits"]["share"] == 2 / 7
    assert misread_by_kind([])["capitals"] == {"characters": 0, "misread": 0, "share": None}
