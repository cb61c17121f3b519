"""Shares of misread characters by kind and by place, counted by hand."""

from results.reading.kinds import misread_by_kind, misread_by_place
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


def test_the_last_character_is_counted_apart() -> None:
    lines = [
        ReadLine("1", "", "a fox", "a foc"),
        ReadLine("2", "", "wax", "wax ed"),
        ReadLine("3", "", "is it?", "os it"),
        ReadLine("4", "", "fix", ""),
    ]
    places = misread_by_place(lines)
    assert {name: (places[name]["characters"], places[name]["misread"]) for name in ("last", "others")} == {
        "last": (4, 3),
        "others": (11, 3),
    }
    assert {end: (part["characters"], part["misread"]) for end, part in places["by_end"].items()} == {
        "x": (3, 2),
        "?": (1, 1),
    }
    assert places["behind"] == 0.25
