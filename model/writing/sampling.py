"""Drawing lines from a network that writes: many at once, each with its own random numbers and its own stop."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from base.base_model import BaseModel, Sample
from base.batch import Batch
from model.kernels.threads import over_lines
from model.layers.window import encode_text
from model.writing.compiled import Drawing, Packed, Parts
from model.writing.line_end import ending
from model.writing.mixture_density import Mixture, sample_stroke
from model.writing.priming import FREE, Prime

NOISE_CHUNK = 256


class HandwritingModel(BaseModel):
    """A model that writes: one point at a time, from a state of tensors with the batch first, in tuples of tuples.

    reads_text: whether it must be told what to write.
    """

    reads_text: ClassVar[bool]

    @property
    @abstractmethod
    def parts(self) -> Parts:
        """What it is made of, for the kernel that writes."""

    @abstractmethod
    def start(self, batch: Batch) -> Any:
        """The state before the first point, for the texts of `batch`."""

    @abstractmethod
    def step(self, stroke: Tensor, state: Any) -> tuple[Mixture, Any]:
        """Of the last stroke (B, 3): the mixture of the next one, without time axis, and the state after it."""

    @abstractmethod
    def finished(self, state: Any) -> Tensor:
        """Which lines have written all that they were told, and end where the pen is lifted next: (B,) bool."""

    @abstractmethod
    def weights(self, state: Any) -> Tensor | None:
        """What the network looks at in its text: (B, U), or None where there is no text."""

    def moved(self, state: Any, characters: Tensor) -> Any:
        """The state with what it looks at in its text moved on by so many characters (B,); as it is without a text."""
        return state

    def show(self, batch: Batch, seed: int) -> list[Sample]:
        """A line written for each of the batch's, as long as the real one by half again at most."""
        lengths = batch.stroke_mask.sum(1).tolist()
        seeds = [seed + line for line in range(len(lengths))]
        return sample(self, batch, seeds=seeds, max_points=[length * 3 // 2 for length in lengths])


class LineNoise:
    """The random numbers of each line, from that line's seed alone: the same whatever batch the line is in."""

    def __init__(self, seeds: list[int]) -> None:
        self.seeds = seeds
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.chunk = torch.empty(0)
        self.used = NOISE_CHUNK

    def rest(self) -> Tensor:
        """Noise (P, B, 4) for points to come, one at least: two uniforms, two standard normals; see `used`."""
        if self.used == NOISE_CHUNK:
            self.chunk = torch.stack([self._draw(generator) for generator in self.generators], dim=1)
            self.used = 0
        return self.chunk[self.used :]

    def next(self) -> Tensor:
        """Noise (B, 4) for one point of every line."""
        noise = self.rest()[0]
        self.used += 1
        return noise

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
    prime_chars: list[int] | None = None,
) -> list[Sample]:
    """One line written for each line of `batch`: its text is read, its strokes are not.

    seeds, max_points: one per line, max_points 2 or more. A line ends by the model's rule where the pen is lifted, as
    every line of the data does, or MAX_POINTS_AFTER_TEXT later, or after its max_points, and leaves the batch; `on_end`
    is called with the number of lines that just did.

    With prime_chars the network is first clamped to the strokes, Graves (2013), section 5.5: they show so many
    characters of the text, blank after them counted, and only what is written of the rest is returned, in strokes and
    weights. max_points are then those after the prime; a line that never came to its own text is a start alone.
    """
    assert min(max_points, default=0) >= 2, "a line has a start and at least one point more"
    training = model.training
    model.eval()
    prime = Prime.of(batch, prime_chars)
    caps = torch.tensor(max_points) + prime.lengths
    record = Record(len(seeds), int(caps.max()), batch.text.shape[1] + 1 if model.parts.window_layer else 0)
    asked = Asked(batch, LineNoise(seeds), caps, bias, prime, on_end)
    if model.parts.can_be_compiled:
        packed = Packed(model.parts)
        over_lines(lambda lines: _many_points(packed, asked.of(lines), record, lines), len(seeds))
    else:
        _point_by_point(model, asked, record)
    model.train(training)
    return record.samples((batch.char_mask.sum(1) + 1).tolist(), prime)


def _of(batch: Batch, lines: slice) -> Batch:
    return replace(
        batch, **{name: getattr(batch, name)[lines] for name in ("strokes", "stroke_mask", "text", "char_mask")}
    )


@dataclass(frozen=True)
class Asked:
    """What is to be written: see `sample`; caps (B,) int64 are its max_points after the prime."""

    batch: Batch
    noise: LineNoise
    caps: Tensor
    bias: float
    prime: Prime
    on_end: Callable[[int], object] | None

    def of(self, lines: slice) -> "Asked":
        """The same of these lines alone."""
        noise, prime = LineNoise(self.noise.seeds[lines]), self.prime.lines(lines)
        return replace(self, batch=_of(self.batch, lines), noise=noise, caps=self.caps[lines], prime=prime)

    def left(self, keep: Tensor) -> None:
        """Tell how many lines are not to be kept (mask)."""
        if self.on_end and not keep.all():
            self.on_end(int((~keep).sum()))


def _point_by_point(model: HandwritingModel, asked: Asked, record: "Record") -> None:
    """Write with the model's own step."""
    device, noise, caps, prime = asked.batch.text.device, asked.noise, asked.caps, asked.prime
    active, state, late = torch.arange(len(caps)), model.start(asked.batch), torch.zeros_like(caps)
    stroke, weights = prime.strokes[0].to(device), None
    for t in range(1, int(caps.max())):
        if weights is not None and t < len(prime.strokes) + 1:
            state = model.moved(state, prime.left(t, active, weights.cpu()).to(device))
        mixture, state = model.step(stroke, state)
        done = model.finished(state).cpu() & (t >= prime.lengths[active])
        ends, weights = ending(done, stroke.cpu(), late), model.weights(state)
        stroke = sample_stroke(mixture, noise.next()[active].to(device), asked.bias)
        if t < len(prime.strokes):
            given = prime.strokes[t, active].to(device)
            stroke = torch.where(given[:, 2:] == FREE, stroke, given)
        record.add(t, active, ends, stroke.unsqueeze(0), None if weights is None else weights.unsqueeze(0))
        keep = ~ends & (t + 1 < caps[active])
        asked.left(keep)
        if not keep.all():
            here = keep.to(device)
            active, late, state, stroke = active[keep], late[keep], pick(state, here), stroke[here]
            weights = None if weights is None else weights[here]
        if len(active) == 0:
            break


@torch.inference_mode()
def _many_points(packed: Packed, asked: Asked, record: "Record", lines: slice) -> None:
    """Write `lines` with the kernel, from one end of a line to the next end at once."""
    active, t, prime = torch.arange(len(asked.caps)), 1, asked.prime
    text, most = encode_text(asked.batch.text, asked.batch.char_mask), int(asked.caps.max())
    drawing = Drawing(packed, text, NOISE_CHUNK, prime.strokes[0], most)
    while len(active):
        lengths = prime.lengths[active]
        points = int(torch.where(lengths > t, lengths, asked.caps[active]).min()) - t
        noise = asked.noise.rest()[:points, active]
        given = prime.strokes[t : t + len(noise), active] if t < len(prime.strokes) else None
        strokes, weights = drawing.write(noise, asked.bias, given)
        asked.noise.used += len(strokes)
        record.add(t, lines.start + active, drawing.ended, strokes, weights)
        t += len(strokes)
        if weights is not None and (lengths == t).any():
            drawing.move(prime.left(t, active, weights[-1]))
        keep = ~drawing.ended & (t < asked.caps[active])
        asked.left(keep)
        if not keep.all():
            active = active[keep]
            drawing.keep(keep)


class Record:
    """What was written so far: of B lines up to T points."""

    def __init__(self, lines: int, most_points: int, positions: int) -> None:
        self.strokes = torch.zeros(most_points, lines, 3)
        self.weights = torch.zeros(most_points, lines, positions)
        self.lengths = torch.ones(lines, dtype=torch.int64)
        self.stopped = torch.zeros(lines, dtype=torch.bool)

    def add(self, t: int, active: Tensor, ends: Tensor, strokes: Tensor, weights: Tensor | None) -> None:
        """Points (P, B, 3) from t on of the `active` lines; `ends`: the lines at their end before the last of them."""
        points = slice(t, t + len(strokes))
        self.strokes[points, active] = strokes.cpu()
        self.lengths[active] += len(strokes) - ends.to(torch.int64)
        self.stopped[active] = ends
        if weights is not None:
            self.weights[points, active] = weights.cpu()

    def samples(self, widths: list[int], prime: Prime) -> list[Sample]:
        """Every line, its pen lifted after the last point, with weights over `widths` positions of its text.

        Of a primed line what is its own.
        """
        samples = []
        for line, length in enumerate(self.lengths.tolist()):
            weights = self.weights[:length, line, : widths[line]].numpy() if self.weights.shape[2] else None
            strokes, weights = prime.own(line, self.strokes[:length, line].numpy(), weights)
            strokes[-1, 2] = 1.0
            samples.append(Sample(strokes, weights, bool(self.stopped[line])))
        return samples
