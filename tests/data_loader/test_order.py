"""The order of an epoch against a plain loop over lists, and that it is made without one."""

from typing import Any

import numpy as np
import pytest

from data_loader.batching import BATCHES_SORTED_TOGETHER, LengthSampler


def plain_batches(lengths: np.ndarray, size: int, seed: int, epoch: int) -> list[list[int]]:
    """Shuffled lines, sorted by length in groups of batches, cut, and the batches shuffled."""
    rng = np.random.default_rng((seed, epoch))
    order, group = rng.permutation(len(lengths)).tolist(), size * BATCHES_SORTED_TOGETHER
    batches: list[list[int]] = []
    for first in range(0, len(order), group):
        members = sorted(order[first : first + group], key=lambda line: lengths[line])
        batches += [members[at : at + size] for at in range(0, len(members), size)]
    return [batches[place] for place in rng.permutation(len(batches))]


@pytest.mark.parametrize(("lines", "size"), [(1, 4), (4, 4), (641, 32), (999, 7), (50, 10**12)])
def test_batches_are_those_of_a_plain_loop(lines: int, size: int) -> None:
    lengths = np.random.default_rng(lines).integers(2, 60, lines)
    expected, batches = plain_batches(lengths, size, 3, 5), LengthSampler(lengths, size, 3).batches(5)
    assert list(batches) == expected and list(batches[1:][:3]) == expected[1:4] and len(batches) == len(expected)
    assert batches[-1] == expected[-1] and all(type(line) is int for line in batches[0])
    with pytest.raises(IndexError):
        batches[len(batches)]


def test_an_order_of_a_million_lines_is_a_few_arrays() -> None:
    batches: Any = LengthSampler(np.arange(1_000_000) % 50, 64, 1).batches(1)
    assert batches.order.nbytes + batches.starts.nbytes + batches.ends.nbytes < 9_000_000
    assert np.bincount(np.concatenate(list(batches))).max() == 1
