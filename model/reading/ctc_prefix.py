"""The CTC head read character by character: how likely is each next character, over all alignments.

L lines, K texts of each, N frames, A alphabet; class A is the blank of the frames and the end of a text.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


class CtcScorer:
    """Log-probability of each next character of a text, given those before: the longer prefix's less the shorter's.

    A prefix has that of all texts that begin with it: Graves (2008), section 7.5; Watanabe et al. (2017), algorithm 2.
    Exact, in float64: the new texts' recursions over the frames are solved as cumulative sums.
    """

    def __init__(self, frame_logits: Tensor, mask: Tensor) -> None:
        log_probs = frame_logits.double().log_softmax(-1)
        self.mask = mask.unsqueeze(1)
        self.blank = log_probs.shape[-1] - 1
        self.probs = log_probs.exp() * mask.unsqueeze(2)
        self.log_probs = log_probs.masked_fill(~mask.unsqueeze(2), 0).transpose(1, 2)
        self.sums = F.pad(self.log_probs.cumsum(2), (1, 0))
        self.ended_blank = self.sums[:, -1:]
        self.ended_shown = torch.full_like(self.ended_blank, -torch.inf)
        self.prefix = self.ended_blank.new_zeros(len(mask), 1)
        self.last = torch.full_like(self.prefix, self.blank, dtype=torch.int64)

    def next(self) -> Tensor:
        """Log-probabilities (L, K, A+1) of each text's next character, or its end.

        (Where a text ends with c, the path must have shown a blank before it shows c anew.)
        """
        paths = torch.logaddexp(self.ended_blank, self.ended_shown)
        before, last = paths[..., :-1], self.last.unsqueeze(2)
        top = before.amax(2, keepdim=True).clamp_min(-1e300)
        prefixes = torch.bmm((before - top).exp(), self.probs).log() + top
        shown = _rows(self.log_probs, self.last).masked_fill(~self.mask, -torch.inf)
        prefixes = prefixes.scatter(2, last, torch.logsumexp(self.ended_blank[..., :-1] + shown, 2, keepdim=True))
        self.prefixes = torch.cat([prefixes[..., : self.blank], paths[..., -1:]], 2)
        return self.prefixes - self.prefix.unsqueeze(2)

    def follow(self, lines: Tensor, parents: Tensor, characters: Tensor) -> None:
        """Go on with these lines (L',), and of each with its texts `parents` (L', K') and one more character each."""
        self.prefix = self.prefixes[lines].flatten(1).gather(1, parents * (self.blank + 1) + characters)
        ended_blank, ended_shown = _rows(self.ended_blank[lines], parents), _rows(self.ended_shown[lines], parents)
        again = (self.last[lines].gather(1, parents) == characters).unsqueeze(2)
        self.mask, self.probs, self.log_probs, self.sums = (
            part[lines] for part in (self.mask, self.probs, self.log_probs, self.sums)
        )
        begun = torch.logaddexp(ended_blank, ended_shown.masked_fill(again, -torch.inf))
        shown = _accumulate(begun, _rows(self.sums, characters))
        self.ended_shown = shown.masked_fill(~F.pad(self.mask, (1, 0), value=True), -torch.inf)
        self.ended_blank = _accumulate(self.ended_shown, self.sums[:, -1:])
        self.last = characters


def _rows(values: Tensor, rows: Tensor) -> Tensor:
    """Return the rows (L, K) of values (L, R, N): (L, K, N)."""
    return values.gather(1, rows.unsqueeze(2).expand(-1, -1, values.shape[2]))


def _accumulate(inflow: Tensor, sums: Tensor) -> Tensor:
    """log v (..., N+1) of v(0) = 0, v(n) = (v(n-1) + inflow(n-1)) p(n); both are logs, `sums` those of p(1)..p(n)."""
    inside = sums[..., 1:] + torch.logcumsumexp(inflow[..., :-1] - sums[..., :-1], -1)
    return F.pad(inside, (1, 0), value=-torch.inf)
