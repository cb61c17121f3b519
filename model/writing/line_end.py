"""The end of a written line: an output of the network, or else the rule of Graves (2013), section 5.3.

Both are also in C, in `note_end` of model/kernels/sampler.c; tests/model/test_rules.py drives all of them.
"""

import torch
from torch import Tensor, nn

from model.writing.mixture_density import linear_of_parts

END_LOGIT = -1.0
"""The logit above which a line ends: of written lines the network is less sure than of real ones."""
LAST_LETTER_POINTS = 40
"""Once the text is finished, a line ends at the first pen lift after this many points, whatever the output says."""
START_LOGIT = -3.0
"""Logit of the end before training: about one pen lift of twenty."""

MAX_POINTS_AFTER_TEXT = 20
"""Once the text is finished, a line ends at the next pen lift, or after this many points.

In 95 % of 66 real lines the lift comes within 16.
"""


class LineEnd(nn.Module):
    """The logit that a line ends after a point at which the pen is lifted, linear in what the density reads there.

    It is of the trunk after that point, which has read a dot or a bar before it says whether another will come. The
    trunk learns nothing from it, so the density is what it would be alone. The weights are a vector (H,): matrices are
    what `Muon` makes orthogonal and an export rounds to 8 bits.
    """

    def __init__(self, input_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(input_size))
        self.bias = nn.Parameter(torch.full((1,), START_LOGIT))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the logits (B, T) in float32 of parts of the density's inputs, (B, T, ...) each."""
        parts = tuple(part.detach() for part in inputs)
        return linear_of_parts(parts, self.weight.unsqueeze(0), self.bias).squeeze(-1)


def ending(done: Tensor, stroke: Tensor, late: Tensor, end_logit: Tensor | None) -> Tensor:
    """Return the lines that end (B,) after their last stroke (B, 3), given those whose text is finished (B,).

    late (B,): points since the text was finished; it is updated.
    end_logit (B,): the output of a network that learned where a line ends, -inf before its last character; else None.
    """
    lifted = stroke[:, 2] > 0
    if end_logit is None:
        late.copy_(torch.where(done, late + 1, 0))
        return done & (lifted | (late > MAX_POINTS_AFTER_TEXT))
    late.copy_(torch.where(done | (late > 0), late + 1, 0))  # past the text no position of it weighs much
    return lifted & ((end_logit > END_LOGIT) | (late > LAST_LETTER_POINTS))
