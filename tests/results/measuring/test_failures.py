"""Lines that count as failed, and those that do not."""

import pytest

from results.measuring.failures import failures
from results.reading.scores import ReadLine


@pytest.mark.parametrize(
    ("read", "true", "named"),
    [
        ("the cat sat", "the cat sat", set()),
        ("the  cat sat", "the cat sat #", set()),
        ("the cot sat", "the cat sat", set()),
        ("thecat sat", "the cat sat", set()),
        ("the caat sat", "the cat sat", set()),
        ("the cat ssat", "the cat sat", set()),
        ("the sat", "the cat sat", {"skipped"}),
        ("tne qu1ck fox jumps", "the quick brown fox jumps", {"skipped"}),
        ("cat sat", "a cat sat", set()),
        ("the the cat sat", "the cat sat", {"repeated"}),
        ("the quick browm bnown fox", "the quick brown fox", {"repeated"}),
        ("the quick xyzkv brown fox", "the quick brown fox", set()),
        ("the cat sat sat sat", "the cat sat", {"repeated", "over_half"}),
        ("xyz", "the cat sat", {"skipped", "over_half"}),
        ("", "cat", {"skipped", "over_half"}),
        ("abxy", "abcd", set()),
        ("axyz", "abcd", {"over_half"}),
    ],
)
def test_ways_to_fail(read: str, true: str, named: set[str]) -> None:
    kinds = failures(ReadLine("1", "", true, read), capped=False)
    assert {kind for kind, failed in kinds.items() if failed} == named
    assert failures(ReadLine("1", "", true, read), capped=True) == kinds | {"capped": True}
