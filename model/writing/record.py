"""The strokes that were written so far: of many lines behind their primes, with their attention weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from base.base_model import Sample
from model.writing.priming import Prime

POINTS_AT_ONCE = 32
"""Points per line after which a line that is being watched is reported."""
OnPoints = Callable[[int, np.ndarray], object]
"""Is called with the number of a line and its own strokes (T, 3) so far; a `Selection` may change all of them."""


@dataclass(frozen=True)
class Selection:
    """Lines of which several are drawn at once for each text, and of which some go on from others: a particle filter.

    candidates  number of lines next to each other that have one text
    every       points after which `choose` is asked
    choose      is called, from any thread, with the numbers of lines that are being drawn and what each has so far;
                returns for each the place in these lists of the line that it goes on from: its own, or another one's of
                the same text
    """

    candidates: int
    every: int
    choose: Callable[[Sequence[int], Sequence[Sample]], list[int]]


class Record:
    """The points of B lines written so far, up to T of each, behind their `prime`; texts have `widths` positions."""

    def __init__(self, prime: Prime, widths: list[int], max_points: int, on_points: OnPoints | None) -> None:
        self.prime, self.widths, self.on_points = prime, widths, on_points
        lines = len(widths)
        self.strokes = torch.zeros(max_points, lines, 3)
        self.attend_to(0)
        self.lengths = torch.ones(lines, dtype=torch.int64)
        self.stopped = torch.zeros(lines, dtype=torch.bool)

    def attend_to(self, positions: int) -> None:
        """Make room for attention weights over this many positions of a text."""
        self.weights = self.strokes.new_zeros(*self.strokes.shape[:2], positions)

    def add(self, t: int, active: Tensor, ends: Tensor, strokes: Tensor, weights: Tensor | None) -> None:
        """Add points (P, B, 3) of the `active` lines from t on; `ends`: True if a line ends before the last."""
        points = slice(t, t + len(strokes))
        self.strokes[points, active] = strokes.cpu()
        self.lengths[active] += len(strokes) - ends.to(torch.int64)
        self.stopped[active] = ends
        if weights is not None:
            if not self.weights.shape[2]:
                self.attend_to(weights.shape[2])
            self.weights[points, active] = weights.cpu()
        if self.on_points and (len(strokes) > 1 or t % POINTS_AT_ONCE == 0):
            for line in active.tolist():
                own, _ = self._own(line)
                if len(own) > 1:
                    self.on_points(line, own)

    def select(self, active: Tensor, selection: Selection) -> Tensor:
        """Let the active lines go on from what `selection` chooses: return the place (B,) in `active` for each."""
        samples = [Sample(*self._own(line), False) for line in active.tolist()]
        places = torch.tensor(selection.choose(active.tolist(), samples))
        others = places != torch.arange(len(active))
        lines, sources, points = active[others], active[places[others]], int(self.lengths[active].max())
        for part in (self.strokes, self.weights):
            part[:points, lines] = part[:points, sources]
        return places

    def _own(self, line: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the strokes of a line so far without its prime, and the weights over its text."""
        length = int(self.lengths[line])
        weights = self.weights[:length, line, : self.widths[line]].numpy() if self.weights.shape[2] else None
        return self.prime.own(line, self.strokes[:length, line].numpy(), weights)

    def samples(self) -> list[Sample]:
        """Return every line, its pen lifted after the last point. A primed line is without its prime."""
        samples = []
        for line, stopped in enumerate(self.stopped.tolist()):
            strokes, weights = self._own(line)
            strokes[-1, 2] = 1.0
            samples.append(Sample(strokes, weights, stopped))
        return samples
