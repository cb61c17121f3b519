"""Lines shared among threads."""

import torch

from model.kernels.threads import over_lines


def test_lines_that_belong_together_are_in_one_part() -> None:
    torch.set_num_threads(2)
    try:
        for lines, together in ((24, 3), (20, 5), (36, 4), (18, 6)):
            parts: list[slice] = []
            over_lines(parts.append, lines, together)
            assert len(parts) == 2 and sorted(n for part in parts for n in range(lines)[part]) == [*range(lines)]
            assert all(part.start % together == 0 for part in parts)
    finally:
        torch.set_num_threads(1)
