"""What a data loader hands to a model."""

import math
from dataclasses import dataclass, replace

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
        tensors = {name: getattr(self, name) for name in ("strokes", "stroke_mask", "text", "char_mask")}
        return replace(self, **{name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()})

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

        Those of the longest lines first, so that every part fits into the memory that the one before it left free.
        """
        lines, points = self.stroke_mask.shape
        count = min(lines, math.ceil(lines * points / points_at_once)) if points_at_once else 1
        size = math.ceil(lines / count)
        order = self.stroke_mask.sum(1).argsort(descending=True, stable=True).tolist() if count > 1 else range(lines)
        return [self.of(list(order[first : first + size])) for first in range(0, lines, size)]
