"""Drawing lines from a network that writes: many at once, each with its own random numbers and its own stop."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from base.base_model import BaseModel, Sample
from base.batch import Batch
from model.kernels.threads import over_lines, threads_per_part
from model.layers.window import encode_text
from model.writing.compiled import Drawing, Packed
from model.writing.line_end import ending
from model.writing.mixture_density import Mixture, MixtureDensity, sample_stroke
from model.writing.priming import FREE, Prime
from model.writing.record import POINTS_AT_ONCE, OnPoints, Record, Selection

NOISE_CHUNK = 256


class HandwritingModel(BaseModel):
    """A network that writes one point at a time, from a state of tensors with the batch first, in tuples of tuples.

    A subclass has `forward`, `start`, `step` and `finished`, and its `density`; the rest has defaults.
    """

    density: MixtureDensity

    @abstractmethod
    def start(self, batch: Batch) -> Any:
        """Return the state before the first point, for the texts of `batch`."""

    @abstractmethod
    def step(self, stroke: Tensor, state: Any) -> tuple[Mixture, Any]:
        """Return the mixture of the stroke after the last one (B, 3), without time axis, and the state then."""

    @abstractmethod
    def finished(self, state: Any) -> Tensor:
        """Return the lines (B,) whose text is finished: they end soon, see `ending`."""

    def end_logit(self, state: Any) -> Tensor | None:
        """Return the logit (B,) that a line ends after a last point that lifts the pen, or None: not learned."""
        return None

    def weights(self, state: Any) -> Tensor | None:
        """Return the attention weights over the text (B, U), or None where there are none."""
        return None

    def moved(self, state: Any, characters: Tensor) -> Any:
        """Return the state with its attention moved on in the text by this many characters (B,)."""
        return state

    def packed(self) -> Packed | None:
        """Return the network as the compiled sampler reads it, or None where it can only be stepped."""
        return None

    @property
    def mixes_styles(self) -> bool:
        """True if `between` can mix the states of two lines."""
        return False

    def between(self, fresh: Any, first: Any, second: Any, share: Tensor) -> Any:
        """Return `fresh`, the state of B lines, with two lines' styles mixed: to a share (B, 1) the second's."""
        raise NotImplementedError

    def show(self, batch: Batch, seed: int) -> list[Sample]:
        """Return a line written for each of the batch's, at most half again as long as the real one."""
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
    """Return the state of these lines (indices or mask): `state` is a tensor, None or a tuple of states."""
    if state is None:
        return None
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
    begin: tuple[Any, Tensor] | None = None,
    on_points: OnPoints | None = None,
    selection: Selection | None = None,
) -> list[Sample]:
    """Write a line for each line of `batch`: its text is read, its strokes are not.

    seeds, max_points: one per line, max_points 2 or more. A line ends where `ending` says so, or after its max_points,
    and leaves the batch; `on_end` is called with the number of lines that just did.

    With prime_chars the network is first clamped to the strokes, Graves (2013), section 5.5: they show this many
    characters of the text, space after them counted, and only what is written of the rest is returned, in strokes and
    weights. max_points are then those after the prime; a line that never came to its own text is a start alone.

    begin: state and last stroke (B, 3) to go on from, instead of the model's start; row 0 stands for that stroke.

    on_points: is called for each line, every few points, from any thread; what it raises ends the sampling.

    selection: which lines go on from others of their text. There are its `candidates` of each text, which differ in
    their seeds alone.
    """
    assert min(max_points, default=0) >= 2, "a line has a start and at least one point more"
    training = model.training
    model.eval()
    prime = Prime.of(batch, prime_chars)
    earliest_end = prime.lengths
    if begin:  # its last stroke ends no line
        prime, earliest_end = replace(prime, strokes=begin[1].cpu().unsqueeze(0)), torch.full_like(prime.lengths, 2)
    caps = torch.tensor(max_points) + prime.lengths
    request = SamplingRequest(batch, LineNoise(seeds), caps, bias, prime, earliest_end, on_end, selection)
    record = Record(prime, (batch.char_mask.sum(1) + 1).tolist(), int(caps.max()), on_points)
    packed = None if begin else model.packed()
    if packed:
        record.attend_to(batch.text.shape[1] + 1 if packed.network.alphabet else 0)
        together = selection.candidates if selection else 1
        threads = threads_per_part(len(seeds), together)
        over_lines(lambda part: _many_points(packed, request.of(part), record, part, threads), len(seeds), together)
    else:
        _point_by_point(model, begin[0] if begin else model.start(batch), request, record)
    model.train(training)
    return record.samples()


def _of(batch: Batch, lines: slice) -> Batch:
    return replace(
        batch, **{name: getattr(batch, name)[lines] for name in ("strokes", "stroke_mask", "text", "char_mask")}
    )


@dataclass(frozen=True)
class SamplingRequest:
    """The arguments of `sample`, batched.

    caps          (B,) int64 points of a line at most: the prime's and max_points
    earliest_end  (B,) int64 the first point before which a line may end
    """

    batch: Batch
    noise: LineNoise
    caps: Tensor
    bias: float
    prime: Prime
    earliest_end: Tensor
    on_end: Callable[[int], object] | None
    selection: Selection | None

    def of(self, lines: slice) -> "SamplingRequest":
        """Return the request of these lines alone."""
        noise, prime = LineNoise(self.noise.seeds[lines]), self.prime.lines(lines)
        caps, earliest_end = self.caps[lines], self.earliest_end[lines]
        return replace(
            self, batch=_of(self.batch, lines), noise=noise, caps=caps, prime=prime, earliest_end=earliest_end
        )

    def left(self, keep: Tensor) -> None:
        """Report the number of lines that are not to be kept (mask)."""
        if self.on_end and not keep.all():
            self.on_end(int((~keep).sum()))


def _point_by_point(model: HandwritingModel, state: Any, request: SamplingRequest, record: Record) -> None:
    """Write with the model's own step, from a state on."""
    device, noise, caps, prime = request.batch.text.device, request.noise, request.caps, request.prime
    active, late = torch.arange(len(caps)), torch.zeros_like(caps)
    stroke, weights = prime.strokes[0].to(device), None
    for t in range(1, int(caps.max())):
        if weights is not None and t < len(prime.strokes) + 1:
            state = model.moved(state, prime.left(t, active, weights.cpu()).to(device))
        mixture, state = model.step(stroke, state)
        is_own, end_logit = t >= request.earliest_end[active], model.end_logit(state)
        done = model.finished(state).cpu() & is_own
        ends = ending(done, stroke.cpu(), late, None if end_logit is None else end_logit.cpu()) & is_own
        weights = model.weights(state)
        drawn, sharpen = noise.next()[active].to(device), model.density.sharpen_weights
        stroke = sample_stroke(mixture, drawn, request.bias, sharpen_weights=sharpen)
        if t < len(prime.strokes):
            given = prime.strokes[t, active].to(device)
            stroke = torch.where(given[:, 2:] == FREE, stroke, given)
        record.add(t, active, ends, stroke.unsqueeze(0), None if weights is None else weights.unsqueeze(0))
        keep = ~ends & (t + 1 < caps[active])
        request.left(keep)
        if not keep.all():
            kept = keep.to(device)
            active, late, state, stroke = active[keep], late[keep], pick(state, kept), stroke[kept]
            weights = None if weights is None else weights[kept]
        if len(active) == 0:
            break
        if request.selection and t % request.selection.every == 0:
            places = record.select(active, request.selection)
            moved = places.to(device)
            late, state, stroke = late[places], pick(state, moved), stroke[moved]
            weights = None if weights is None else weights[moved]


@torch.inference_mode()
def _many_points(packed: Packed, request: SamplingRequest, record: Record, lines: slice, threads: int) -> None:
    """Write `lines` with the kernel on so many threads, from one end of a line to the next end at once."""
    active, t, prime = torch.arange(len(request.caps)), 1, request.prime
    text = encode_text(request.batch.text, request.batch.char_mask)
    drawing = Drawing(packed, text, NOISE_CHUNK, prime.strokes[0], int(request.caps.max()), threads)
    while len(active):
        lengths = prime.lengths[active]
        points = int(torch.where(lengths > t, lengths, request.caps[active]).min()) - t
        if record.on_points:  # a line is the same however few of its points are written at once
            points = min(points, POINTS_AT_ONCE)
        if request.selection:
            points = min(points, request.selection.every - (t - 1) % request.selection.every)
        noise = request.noise.rest()[:points, active]
        given = prime.strokes[t : t + len(noise), active] if t < len(prime.strokes) else None
        strokes, weights = drawing.write(noise, request.bias, given)
        request.noise.used += len(strokes)
        record.add(t, lines.start + active, drawing.ended, strokes, weights)
        t += len(strokes)
        if weights is not None and (lengths == t).any():
            drawing.move(prime.left(t, active, weights[-1]))
        keep = ~drawing.ended & (t < request.caps[active])
        request.left(keep)
        if not keep.all():
            active = active[keep]
            drawing.keep(keep)
        if request.selection and (t - 1) % request.selection.every == 0 and len(active):
            drawing.copy(record.select(lines.start + active, request.selection))
