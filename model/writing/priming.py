"""A line that a network is clamped to before it writes its own. Graves (2013), section 5.5."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from base.batch import Batch

FREE = -1.0
"""In place of end_of_stroke: here the network draws."""


@dataclass(frozen=True)
class Prime:
    """The strokes that B lines are clamped to, row 0, the start, at the least.

    strokes     (T, B, 3), FREE beyond the end of each
    lengths     (B,) int64 rows of them; 0 where the start belongs to what is written
    characters  (B,) int64, of each text that they show, the space after them counted
    """

    strokes: Tensor
    lengths: Tensor
    characters: Tensor

    @classmethod
    def of(cls, batch: Batch, prime_chars: list[int] | None) -> "Prime":
        """The batch's strokes, on the CPU; with None a start at rest."""
        none = torch.zeros(len(batch.text), dtype=torch.int64)
        if prime_chars is None:
            return cls(torch.zeros(1, len(none), 3), none, none)
        strokes = torch.where(batch.stroke_mask.unsqueeze(-1), batch.strokes, FREE).transpose(0, 1)
        return cls(strokes.cpu().contiguous(), batch.stroke_mask.sum(1).cpu(), torch.tensor(prime_chars))

    def lines(self, lines: slice) -> "Prime":
        """Return the prime of these lines alone."""
        return Prime(self.strokes[:, lines], self.lengths[lines], self.characters[lines])

    def left(self, t: int, active: Tensor, phi: Tensor) -> Tensor:
        """Return the characters of the prime (B,) that the `active` lines' windows have left to pass before point t.

        Where the prime is over at t, and phi (B, U), at the point before, was highest neither at its last character
        nor at the space after it: the distance from there to the space, negative where the window ran ahead. Moved
        on by them the window neither has the prime written anew nor leaves out the beginning of the line's own text.
        Else 0.
        """
        to_space = self.characters[active] - 1 - phi.argmax(1)
        return torch.where((self.lengths[active] == t) & (to_space != 0) & (to_space != 1), to_space, 0)

    def own(self, line: int, strokes: np.ndarray, phi: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Remove the prime: return a line's own strokes of (T, 3), and their phi of (T, U) but for the first of them.

        Of a primed line all from the first pen stroke behind the prime in which a character of its own was attended to
        most: what the network still had to draw of the prime stays out, as does the way from one to the other.
        """
        begin, first = int(self.lengths[line]), int(self.characters[line])
        if begin and phi is not None:
            reached = np.flatnonzero(phi[begin:].argmax(1) >= first)
            lifts = np.flatnonzero(strokes[begin:, 2] > 0.5) + 1
            within = np.append(0, lifts[lifts <= reached[0]]).max() if len(reached) else len(strokes)
            begin += int(within)
        own = strokes[begin:].copy() if begin < len(strokes) else np.zeros((1, 3), np.float32)
        own[0, :2] = 0
        return own, None if phi is None else phi[begin + 1 :, first:].copy()
