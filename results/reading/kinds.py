"""The share of characters that were misread, by kind: a reader that cannot read digits is one that misreads them."""

from collections.abc import Callable, Sequence
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


def misread_by_kind(lines: Sequence[ReadLine]) -> dict[str, dict[str, Any]]:
    """Return of each kind the number of true characters, how many were left out or read as others, and their share.

    Both texts are under the rule for transcriptions. What was read and is not in the text is nobody's fault here.
    """
    counts = {kind: [0, 0] for kind in KINDS}
    for line in lines:
        ruled = line.plain
        wrong = {edit.dest_pos for edit in Levenshtein.editops(ruled.read, ruled.true) if edit.tag != "delete"}
        for place, character in enumerate(ruled.true):
            for kind, fits in KINDS.items():
                if fits(character):
                    counts[kind][0] += 1
                    counts[kind][1] += place in wrong
    return {
        kind: {"characters": characters, "misread": misread, "share": misread / characters if characters else None}
        for kind, (characters, misread) in counts.items()
    }
