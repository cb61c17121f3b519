"""What a data loader hands to a model."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Padded lines; True in a mask = real, False = padding.

    strokes      (B, T, 3) float32: dx, dy, end_of_stroke in units of `std`; row 0 is the start, never predicted
    stroke_mask  (B, T) bool
    text         (B, U) int64: positions in the alphabet, 0 where padded
    char_mask    (B, U) bool
    ids          the B lines' ids, to name a line in an error
    """

    strokes: Tensor
    stroke_mask: Tensor
    text: Tensor
    char_mask: Tensor
    ids: tuple[str, ...] = ()

    @property
    def inputs(self) -> Tensor:
        """What a next-point network reads: (B, T-1, 3)."""
        return self.strokes[:, :-1]

    @property
    def targets(self) -> Tensor:
        """What a next-point network predicts: (B, T-1, 3)."""
        return self.strokes[:, 1:]

    @property
    def target_mask(self) -> Tensor:
        """The real ones among `targets`: (B, T-1) bool."""
        return self.stroke_mask[:, 1:]

    def to(self, device: torch.device) -> "Batch":
        """The same batch on `device`."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        """The same batch in memory that a GPU can read by itself."""
        return self._each(torch.Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return Batch(
            change(self.strokes), change(self.stroke_mask), change(self.text), change(self.char_mask), self.ids
        )

    def of(self, lines: list[int]) -> "Batch":
        """These lines, padded to the longest of them."""
        points = int(self.stroke_mask[lines].sum(1).max())
        characters = int(self.char_mask[lines].sum(1).max())
        return Batch(
            self.strokes[lines, :points],
            self.stroke_mask[lines, :points],
            self.text[lines, :characters],
            self.char_mask[lines, :characters],
            tuple(self.ids[line] for line in lines) if self.ids else (),
        )

    def parts(self, points_at_once: int | None) -> list["Batch"]:
        """Itself in parts of about so many points at most, padding counted; None for all at once.

        Those of the longest lines first, so that every part fits into the memory that the one before it left free. A
        batch without lines, a process's share of a small one, has no parts.
        """
        lines, points = self.stroke_mask.shape
        count = min(lines, math.ceil(lines * points / points_at_once)) if points_at_once else 1
        if count <= 1:
            return [self] if lines else []
        size = math.ceil(lines / count)
        order = self.stroke_mask.sum(1).argsort(descending=True, stable=True).tolist()
        return [self.of(order[first : first + size]) for first in range(0, lines, size)]


def one_ahead(batches: Iterable[Batch], device: torch.device) -> Iterator[Batch]:
    """The batches on `device`; where that is a GPU, each is on its way there before the one before it is worked on."""
    moved = (batch.to(device) for batch in batches)
    if device.type == "cpu":
        yield from moved
        return
    waiting = next(moved, None)
    while waiting is not None:
        following = next(moved, None)
        yield waiting
        waiting = following
