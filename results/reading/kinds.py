"""The share of characters that were misread, by kind (a reader that cannot read digits misreads them) and by place."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rapidfuzz.distance import Levenshtein

from results.reading.scores import ReadLine

KINDS: dict[str, Callable[[str], bool]] = {
    "small letters": str.islower,
    "capitals": str.isupper,
    "digits": str.isdigit,
    "signs": lambda character: not character.isalnum() and character != " ",
}
"""Tests of a character by the kind's name; spaces are of no kind."""


Misread = dict[str, Any]
"""The number of characters, how many of them were left out or read as others, and their share, None of none."""


def misread_by_kind(lines: Sequence[ReadLine]) -> dict[str, Misread]:
    """Return the misread characters of each kind, both texts under the rule for transcriptions.

    What was read and is not in the text is nobody's fault here.
    """
    counted = misread(
        [line.plain for line in lines], lambda text, at: [k for k, fits in KINDS.items() if fits(text[at])]
    )
    return {kind: counted.get(kind, _share(0, 0)) for kind in KINDS}


def misread_by_place(lines: Sequence[ReadLine]) -> dict[str, Any]:
    """Return the misread characters that end a line, `last`, and the `others`, spaces left out, as `misread_by_kind`.

    by_end   of the last ones each
    behind   share of the lines with something read behind their last character
    """
    ruled = [line.plain for line in lines]
    places = misread(ruled, lambda text, at: [] if text[at] == " " else ["last" if at == len(text) - 1 else "others"])
    behind = [
        any(edit.dest_pos == len(line.true) for edit in Levenshtein.editops(line.read, line.true)) for line in ruled
    ]
    return {
        **{place: places.get(place, _share(0, 0)) for place in ("last", "others")},
        "by_end": misread(ruled, lambda text, at: [text[at]] if at == len(text) - 1 else []),
        "behind": sum(behind) / len(behind),
    }


def misread(lines: Sequence[ReadLine], groups: Callable[[str, int], Iterable[str]]) -> dict[str, Misread]:
    """Return the misread characters of each group that `groups` names for a true text and a position in it."""
    counts: dict[str, list[int]] = {}
    for line in lines:
        wrong = {edit.dest_pos for edit in Levenshtein.editops(line.read, line.true) if edit.tag != "delete"}
        for at in range(len(line.true)):
            for group in groups(line.true, at):
                counts.setdefault(group, [0, 0])
                counts[group][0] += 1
                counts[group][1] += at in wrong
    return {group: _share(*counts[group]) for group in sorted(counts)}


def _share(characters: int, wrong: int) -> Misread:
    return {"characters": characters, "misread": wrong, "share": wrong / characters if characters else None}
