"""Drawing lines from a network that writes: many at once, each with its own random numbers and its own stop."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from base.base_model import BaseModel, Sample
from base.batch import Batch
from model.mixture_density import Mixture, sample_stroke

NOISE_CHUNK = 256


class HandwritingModel(BaseModel):
    """A model that writes: one point at a time, from a state of tensors with the batch first, in tuples of tuples.

    reads_text: whether it must be told what to write.
    """

    reads_text: ClassVar[bool]

    @abstractmethod
    def start(self, batch: Batch) -> Any:
        """The state before the first point, for the texts of `batch`."""

    @abstractmethod
    def step(self, stroke: Tensor, state: Any) -> tuple[Mixture, Any]:
        """Of the last stroke (B, 3): the mixture of the next one, without time axis, and the state after it."""

    @abstractmethod
    def finished(self, state: Any) -> Tensor:
        """Which lines are written to their end: (B,) bool."""

    @abstractmethod
    def weights(self, state: Any) -> Tensor | None:
        """What the network looks at in its text: (B, U), or None where there is no text."""

    def show(self, batch: Batch, seed: int) -> list[Sample]:
        """A line written for each of the batch's, as long as the real one by half again at most."""
        lengths = batch.stroke_mask.sum(1).tolist()
        seeds = [seed + line for line in range(len(lengths))]
        return sample(self, batch, seeds=seeds, max_points=[length * 3 // 2 for length in lengths])


class LineNoise:
    """The random numbers of each line, from that line's seed alone: the same whatever batch the line is in."""

    def __init__(self, seeds: list[int]) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.chunk = torch.empty(0)
        self.used = NOISE_CHUNK

    def next(self) -> Tensor:
        """Noise (B, 4) for one point of every line: two uniforms, two standard normals."""
        if self.used == NOISE_CHUNK:
            self.chunk = torch.stack([self._draw(generator) for generator in self.generators], dim=1)
            self.used = 0
        self.used += 1
        return self.chunk[self.used - 1]

    @staticmethod
    def _draw(generator: torch.Generator) -> Tensor:
        uniform = torch.rand(NOISE_CHUNK, 2, generator=generator)
        return torch.cat([uniform, torch.randn(NOISE_CHUNK, 2, generator=generator)], dim=1)


def pick(state: Any, lines: Tensor) -> Any:
    """The state of the lines (indices or mask) alone: `state` is a tensor or a tuple of states."""
    if isinstance(state, Tensor):
        return state[lines]
    parts = [pick(part, lines) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


@torch.inference_mode()
def sample(
    model: HandwritingModel,
    batch: Batch,
    *,
    seeds: list[int],
    max_points: list[int],
    bias: float = 0.0,
    on_end: Callable[[int], object] | None = None,
) -> list[Sample]:
    """One line written for each line of `batch`: its text is read, its strokes are not.

    seeds, max_points: one a line, max_points 2 or more. A line ends by the model's rule, or after its max_points, and
    leaves the batch; `on_end` is told how many just did.
    """
    assert min(max_points, default=0) >= 2, "a line has a start and at least one point more"
    training = model.training
    model.eval()
    device = batch.text.device
    noise, state = LineNoise(seeds), model.start(batch)
    stroke = torch.zeros(len(seeds), 3, device=device)
    active, caps = torch.arange(len(seeds)), torch.tensor(max_points)
    record = Record(len(seeds), max(max_points))
    for t in range(1, max(max_points)):
        mixture, state = model.step(stroke, state)
        ends = model.finished(state).cpu()
        stroke = sample_stroke(mixture, noise.next()[active].to(device), bias)
        record.add(t, active, ends, stroke, model.weights(state))
        keep = ~ends & (t + 1 < caps[active])
        if not keep.all():
            if on_end:
                on_end(int((~keep).sum()))
            active, state, stroke = active[keep], pick(state, keep.to(device)), stroke[keep.to(device)]
        if len(active) == 0:
            break
    model.train(training)
    return record.samples((batch.char_mask.sum(1) + 1).tolist())


class Record:
    """What was written so far: of B lines up to T points."""

    def __init__(self, lines: int, most_points: int) -> None:
        self.strokes = torch.zeros(most_points, lines, 3)
        self.weights: Tensor | None = None
        self.lengths = torch.ones(lines, dtype=torch.int64)
        self.stopped = torch.zeros(lines, dtype=torch.bool)

    def add(self, t: int, active: Tensor, ends: Tensor, strokes: Tensor, weights: Tensor | None) -> None:
        """Point t of the `active` lines, but of those that `ends` says were at their end before it."""
        self.strokes[t, active] = strokes.cpu()
        self.lengths[active] += (~ends).to(torch.int64)
        self.stopped[active] = ends
        if weights is not None:
            if self.weights is None:
                self.weights = torch.zeros(*self.strokes.shape[:2], weights.shape[1])
            self.weights[t, active] = weights.cpu()

    def samples(self, widths: list[int]) -> list[Sample]:
        """Every line, its pen lifted after the last point, with weights over `widths` positions of its text."""
        samples = []
        for line, length in enumerate(self.lengths.tolist()):
            strokes = self.strokes[:length, line].numpy().copy()
            strokes[-1, 2] = 1.0
            weights = None if self.weights is None else self.weights[1:length, line, : widths[line]].numpy().copy()
            samples.append(Sample(strokes, weights, bool(self.stopped[line])))
        return samples
