"""Failures of a written line, from the text that a recognizer read: words left out, text written twice."""

from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from results.reading.scores import ReadLine

MIN_WORD, MIN_REPEAT = 2, 3
"""Smallest number of characters of a word that counts as skipped, and of a run that counts as repeated."""
HALF, ALIKE = 0.5, 1 / 3
"""Share of wrong characters above which a line cannot be read; up to which two runs count as the same."""


def failures(line: ReadLine, capped: bool) -> dict[str, bool]:
    """True for each way in which a line failed, with both texts under the rule for transcriptions.

    capped     it hit its limit of points; the network did not end it
    over_half  more edits than half of its characters
    skipped    a word of two characters or more of which the alignment with the fewest edits leaves out every one
    repeated   a run of three characters or more (two of them no spaces) that the alignment puts in, and that differs in
               a third of its characters at most from as many read just before or just after it
    """
    ruled = line.plain
    edits = Levenshtein.editops(ruled.read, ruled.true)
    lacking = {edit.dest_pos for edit in edits if edit.tag == "insert"}
    extra = sorted(edit.src_pos for edit in edits if edit.tag == "delete")
    return {
        "capped": capped,
        "over_half": len(edits) > HALF * len(ruled.true),
        "skipped": any(
            end - first >= MIN_WORD and lacking.issuperset(range(first, end)) for first, end in words(ruled.true)
        ),
        "repeated": any(is_repeat(ruled.read, first, end) for first, end in runs(extra)),
    }


def words(text: str) -> list[tuple[int, int]]:
    """First and last position, exclusive, of each word."""
    spaces = [-1, *(i for i, character in enumerate(text) if character == " "), len(text)]
    return [(before + 1, after) for before, after in pairwise(spaces) if after > before + 1]


def runs(positions: list[int]) -> list[tuple[int, int]]:
    """First and last, exclusive, of each run of successive positions (rising)."""
    begins = [i for i, at in enumerate(positions) if i == 0 or positions[i - 1] != at - 1]
    return [(positions[first], positions[after - 1] + 1) for first, after in pairwise([*begins, len(positions)])]


def is_repeat(read: str, first: int, end: int) -> bool:
    """True if the characters from `first` to `end` are much like as many before or after them."""
    run, size = read[first:end], end - first
    if size < MIN_REPEAT or len(run.replace(" ", "")) < 2:
        return False
    neighbours = (read[max(first - size, 0) : first], read[end : end + size])
    return any(Levenshtein.distance(run, other) <= ALIKE * size for other in neighbours)
