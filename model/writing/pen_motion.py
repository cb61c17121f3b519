"""Per-point input features of the writing networks, and the scale in which they predict.

Graves (2013) feeds the last offset alone; the layers have to work everything else out for themselves.

The features are also computed in C, by `pen_features_step` of model/kernels/sampler.c, which takes its constants from
here; tests/model/test_rules.py drives both.

Shapes: B lines, T pen points, F features per point.
"""

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from model.writing.mixture_density import Mixture

Features = Literal["offsets", "motion"]
NUM_FEATURES: dict[str, int] = {"offsets": 3, "motion": 13}
TYPICAL_MOVE = 0.5
"""Length of a pen move, in stds of the corpus, at which the scale is 1; about the mean of IAM-OnDB."""
PRIOR_MOVES = 20.0
"""Weight of the prior in the scale estimate, counted in pen moves."""
MIN_SCALE, MAX_SCALE = 0.3, 3.0
JUMP = 6.0
"""Length in stds from which a move is a jump, which says nothing about the size of the writing."""
SLOW = 0.02
"""Length, in units of the scale, below about which a move has no direction."""
SPEED_FLOOR = 0.05
"""Added to a speed before its logarithm is taken, in units of the scale."""
SPEED_UNIT, AGE_UNIT = 2.0, 3.0
HEIGHT_UNIT, PLACE_UNIT = 10.0, 5.0
"""Divisors that bring features to the size of an offset."""
MAX_FEATURE = 5.0
"""Features are clamped to this size: a jump across the page says no more than a long move, and drives nothing wild."""


class PenInputs(NamedTuple):
    """Inputs of pen points (...).

    features  (..., F)
    scale     (..., 1) the running estimate of the writing size, None for plain offsets
    """

    features: Tensor
    scale: Tensor | None

    def with_hiddens(self, hiddens: Tensor) -> tuple[Tensor, ...]:
        """Return the mixture density's inputs: hidden states (..., H), and the features of a motion."""
        return (hiddens,) if self.scale is None else (hiddens, self.features.to(hiddens.dtype))

    def in_stds(self, mixture: Mixture) -> Mixture:
        """Return a mixture in units of the scale in units of the corpus's std."""
        if self.scale is None:
            return mixture
        scale = self.scale.unsqueeze(-1)
        return mixture._replace(mean=mixture.mean * scale, log_sigma=mixture.log_sigma + scale.log())


class PenState(NamedTuple):
    """Everything that the features of the next point take from those before, lengths in units of the scale then.

    offset   (B, 2) the last one
    lifted   (B, 1) 1 if the pen was lifted after it, else 0
    place    (B, 3) height above the line's first point; x, y from the first point of the stroke
    age      (B, 1) points since that
    moves    (B, 2) total length, in stds, and number of the moves on paper so far
    """

    offset: Tensor
    lifted: Tensor
    place: Tensor
    age: Tensor
    moves: Tensor


STATE_SIZES = (2, 1, 3, 1, 2)
"""Numbers per line of every field of a `PenState`."""


def num_features(kind: Features) -> int:
    """Return the number of features per point; ValueError where there is no such kind."""
    if kind not in NUM_FEATURES:
        raise ValueError(f"features is {kind!r}; there are {', '.join(NUM_FEATURES)}")
    return NUM_FEATURES[kind]


def num_skip_features(kind: Features) -> int:
    """Return the number of features that the mixture density reads next to the hidden states."""
    return 0 if kind == "offsets" else num_features(kind)


def initial_state(lines: int, like: Tensor) -> PenState:
    """Return the state before the first point, of the device and dtype of `like`."""
    offset, lifted, place, age, moves = like.new_zeros(lines, sum(STATE_SIZES)).split(STATE_SIZES, 1)
    return PenState(offset, lifted + 1, place, age, moves)


def pen_features(strokes: Tensor, kind: Features) -> PenInputs:
    """Return the inputs of strokes (B, T, 3).

    offsets  dx, dy, end_of_stroke
    motion   these, dx and dy by the scale s; then log s, direction (cos, sin; shorter where slow), log speed, change of
             the offset, height above the line's first point, x and y from the stroke's first point, points since that
    """
    if kind == "offsets":
        return PenInputs(strokes, None)
    lifts, steps = strokes[..., 2:], strokes.shape[1]
    lifted = F.pad(lifts, (0, 0, 1, 0), value=1.0)[:, :steps]
    lengths = torch.linalg.vector_norm(strokes[..., :2], dim=-1, keepdim=True)
    on_paper = (1 - lifted) * (lengths < JUMP)
    scale = _scale((lengths * on_paper).cumsum(1), on_paper.cumsum(1))
    offsets = strokes[..., :2] / scale
    places = offsets.double().cumsum(1)  # in float32 the rounding errors of a long line would add up
    points = torch.arange(steps, device=strokes.device).unsqueeze(-1).expand(len(strokes), -1, 1)
    stroke_starts = torch.where(lifted > 0.5, points, 0).cummax(1).values  # (B, T, 1)
    from_start = places - places.gather(1, stroke_starts.expand(-1, -1, 2))
    previous = F.pad(offsets, (0, 0, 1, 0))[:, :steps]
    place = torch.cat([places[..., 1:], from_start], -1).to(strokes.dtype)
    age = (points - stroke_starts).to(strokes.dtype)
    return PenInputs(_motion(offsets, lifts, scale, previous, place, age), scale)


def pen_features_step(stroke: Tensor, state: PenState, kind: Features) -> tuple[PenInputs, PenState]:
    """Return the inputs of the next stroke (B, 3), and the state after it."""
    if kind == "offsets":
        return PenInputs(stroke, None), state
    length = torch.linalg.vector_norm(stroke[:, :2], dim=-1, keepdim=True)
    on_paper = (1 - state.lifted) * (length < JUMP)
    moves = state.moves + torch.cat([length * on_paper, on_paper], -1)
    scale = _scale(*moves.split(1, -1))
    offset, lifted = stroke[:, :2] / scale, stroke[:, 2:]
    height, from_start = state.place.split([1, 2], -1)
    place = torch.cat([height + offset[:, 1:], (from_start + offset) * (1 - state.lifted)], -1)
    age = (state.age + 1) * (1 - state.lifted)
    inputs = PenInputs(_motion(offset, lifted, scale, state.offset, place, age), scale)
    return inputs, PenState(offset, lifted, place, age, moves)


def _scale(length: Tensor, count: Tensor) -> Tensor:
    """Return the writing size estimated from the total length and the number of the moves on paper so far."""
    return ((PRIOR_MOVES + length / TYPICAL_MOVE) / (PRIOR_MOVES + count)).clamp(MIN_SCALE, MAX_SCALE)


def _motion(offset: Tensor, lift: Tensor, scale: Tensor, previous: Tensor, place: Tensor, age: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(offset, dim=-1, keepdim=True)
    direction, speed = offset / (length + SLOW), torch.log(length + SPEED_FLOOR) / SPEED_UNIT
    where_in_line = (place[..., :1] / HEIGHT_UNIT, place[..., 1:] / PLACE_UNIT, torch.log1p(age) / AGE_UNIT)
    features = torch.cat([offset, lift, scale.log(), direction, speed, offset - previous, *where_in_line], -1)
    return features.clamp(-MAX_FEATURE, MAX_FEATURE)
