"""Batches of lines: the output of data loaders, the input of models."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """B lines padded to T points and U characters; masks are True where real.

    strokes      (B, T, 3) float32: dx, dy, end_of_stroke in units of `std`; row 0 is the start, never predicted
    stroke_mask  (B, T) bool
    text         (B, U) int64: positions in the alphabet, 0 where padded
    char_mask    (B, U) bool
    ids          the B lines' ids, to name a line in an error
    writers      (B,) int64: equal where two lines are by one person; None where nobody asks, see `lines_per_writer`
    """

    strokes: Tensor
    stroke_mask: Tensor
    text: Tensor
    char_mask: Tensor
    ids: tuple[str, ...] = ()
    writers: Tensor | None = None

    @property
    def inputs(self) -> Tensor:
        """The input of a next-point network: (B, T-1, 3)."""
        return self.strokes[:, :-1]

    @property
    def targets(self) -> Tensor:
        """The targets of a next-point network: (B, T-1, 3)."""
        return self.strokes[:, 1:]

    @property
    def target_mask(self) -> Tensor:
        """The mask of `targets`: (B, T-1) bool, True where real."""
        return self.stroke_mask[:, 1:]

    def to(self, device: torch.device) -> "Batch":
        """Return this batch on `device`."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        """Return this batch in page-locked memory, which a GPU copies from by itself."""
        return self._each(torch.Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return Batch(
            change(self.strokes),
            change(self.stroke_mask),
            change(self.text),
            change(self.char_mask),
            self.ids,
            None if self.writers is None else change(self.writers),
        )

    def of(self, lines: list[int]) -> "Batch":
        """Return the batch of these lines alone, padded to the longest of them."""
        points = int(self.stroke_mask[lines].sum(1).max())
        characters = int(self.char_mask[lines].sum(1).max())
        return Batch(
            self.strokes[lines, :points],
            self.stroke_mask[lines, :points],
            self.text[lines, :characters],
            self.char_mask[lines, :characters],
            tuple(self.ids[line] for line in lines) if self.ids else (),
            None if self.writers is None else self.writers[lines],
        )

    def parts(self, points_at_once: int | None) -> list["Batch"]:
        """Split into micro-batches of about this many points at most, padding included; None for no limit.

        The longest lines come first, so that every part fits into the memory that the part before it left free. A
        batch without lines, a process's share of a small batch, has no parts.
        """
        lines, points = self.stroke_mask.shape
        count = min(lines, math.ceil(lines * points / points_at_once)) if points_at_once else 1
        if count <= 1:
            return [self] if lines else []
        size = math.ceil(lines / count)
        order = self.stroke_mask.sum(1).argsort(descending=True, stable=True).tolist()
        return [self.of(order[first : first + size]) for first in range(0, lines, size)]


def one_ahead(batches: Iterable[Batch], device: torch.device) -> Iterator[Batch]:
    """Yield the batches on `device`; each is copied to a GPU while the batch before it is worked on."""
    moved = (batch.to(device) for batch in batches)
    if device.type == "cpu":
        yield from moved
        return
    waiting = next(moved, None)
    while waiting is not None:
        following = next(moved, None)
        yield waiting
        waiting = following
