"""What a network that writes is told of every pen point, and in whose units it answers.

Graves (2013) tells it the last offset alone; all else its layers have to work out for themselves.

Shapes: B lines, T pen points, F numbers a point.
"""

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from model.writing.mixture_density import Mixture

Features = Literal["offsets", "motion"]
TYPICAL = 0.5
"""Length of a pen move in units of the corpus's std, about that of IAM-OnDB: the scale of a hand that moves so is 1."""
UNSEEN = 20.0
"""So many typical moves the scale is thought to have seen before a line begins."""
LEAST, MOST = 0.3, 3.0
"""No hand is taken for smaller or larger than these."""
JUMP = 6.0
"""A longer move, in stds, is a jump: it tells nothing of the size of a hand."""
SLOW = 0.02
"""Below about this length a move has no direction."""
FARTHEST = 5.0
"""What is told is cut at so much: a jump across the page tells no more than a long one, and drives no density wild."""


class Told(NamedTuple):
    """Of pen points (...): pen (..., F); scale (..., 1), how large the hand has moved so far, None of bare offsets."""

    pen: Tensor
    scale: Tensor | None

    def beside(self, hiddens: Tensor) -> Tensor:
        """What the mixture density reads: hidden states (..., H), with a motion beside them."""
        return hiddens if self.scale is None else torch.cat([hiddens, self.pen.to(hiddens.dtype)], -1)

    def in_stds(self, mixture: Mixture) -> Mixture:
        """A mixture in units of the hand's scale, in those of the corpus's std."""
        if self.scale is None:
            return mixture
        scale = self.scale.unsqueeze(-1)
        return mixture._replace(mean=mixture.mean * scale, log_sigma=mixture.log_sigma + scale.log())


class PenState(NamedTuple):
    """What is remembered of a line between two points, in the units of its scale but for the last two.

    offset   (B, 2) the last one
    lifted   (B, 1) whether the pen was lifted after it: 1 or 0
    place    (B, 3) height above the line's first point; x, y from the first point of the stroke
    age      (B, 1) points since that
    seen     (B, 2) lengths of the moves on paper, in stds, and how many
    """

    offset: Tensor
    lifted: Tensor
    place: Tensor
    age: Tensor
    seen: Tensor


def num_features(kind: Features) -> int:
    """How many numbers of this kind a network is told of a pen point; ValueError where there is no such kind."""
    sizes: dict[str, int] = {"offsets": 3, "motion": 13}
    if kind not in sizes:
        raise ValueError(f"features is {kind!r}; there are {', '.join(sizes)}")
    return sizes[kind]


def beside(kind: Features) -> int:
    """How many of them the mixture density reads beside the hidden states."""
    return 0 if kind == "offsets" else num_features(kind)


def start_of(lines: int, like: Tensor) -> PenState:
    """Before the first point."""
    offset, lifted, place, age, seen = like.new_zeros(lines, 9).split([2, 1, 3, 1, 2], 1)
    return PenState(offset, lifted + 1, place, age, seen)


def tell(strokes: Tensor, kind: Features) -> Told:
    """Of strokes (B, T, 3).

    offsets  dx, dy, end_of_stroke
    motion   these, dx and dy by the scale s; then log s, direction (cos, sin; shorter where slow), log speed, change of
             the offset, height above the line's first point, x and y from the stroke's first point, points since that
    """
    if kind == "offsets":
        return Told(strokes, None)
    lifts, steps = strokes[..., 2:], strokes.shape[1]
    lifted = F.pad(lifts, (0, 0, 1, 0), value=1.0)[:, :steps]
    lengths = torch.linalg.vector_norm(strokes[..., :2], dim=-1, keepdim=True)
    drawn = (1 - lifted) * (lengths < JUMP)
    scale = _scale((lengths * drawn).cumsum(1), drawn.cumsum(1))
    offsets = strokes[..., :2] / scale
    places = offsets.double().cumsum(1)
    points = torch.arange(steps, device=strokes.device).unsqueeze(-1).expand(len(strokes), -1, 1)
    begun = torch.where(lifted > 0.5, points, 0).cummax(1).values
    way = places - places.gather(1, begun.expand(-1, -1, 2))
    before = F.pad(offsets, (0, 0, 1, 0))[:, :steps]
    place = torch.cat([places[..., 1:], way], -1).to(strokes.dtype)
    return Told(_motion(offsets, lifts, scale, before, place, (points - begun).to(strokes.dtype)), scale)


def tell_next(stroke: Tensor, state: PenState, kind: Features) -> tuple[Told, PenState]:
    """The same of one more stroke (B, 3), and what to remember."""
    if kind == "offsets":
        return Told(stroke, None), state
    length = torch.linalg.vector_norm(stroke[:, :2], dim=-1, keepdim=True)
    drawn = (1 - state.lifted) * (length < JUMP)
    seen = state.seen + torch.cat([length * drawn, drawn], -1)
    scale = _scale(*seen.split(1, -1))
    offset, lifted = stroke[:, :2] / scale, stroke[:, 2:]
    height, way = state.place.split([1, 2], -1)
    place = torch.cat([height + offset[:, 1:], (way + offset) * (1 - state.lifted)], -1)
    age = (state.age + 1) * (1 - state.lifted)
    told = Told(_motion(offset, lifted, scale, state.offset, place, age), scale)
    return told, PenState(offset, lifted, place, age, seen)


def _scale(length: Tensor, count: Tensor) -> Tensor:
    """How large a hand moves, of its moves on paper so far."""
    return ((UNSEEN + length / TYPICAL) / (UNSEEN + count)).clamp(LEAST, MOST)


def _motion(offset: Tensor, lift: Tensor, scale: Tensor, before: Tensor, place: Tensor, age: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(offset, dim=-1, keepdim=True)
    direction, speed = offset / (length + SLOW), torch.log(length + 0.05) / 2
    where = (place[..., :1] / 10, place[..., 1:] / 5, torch.log1p(age) / 3)
    told = torch.cat([offset, lift, scale.log(), direction, speed, offset - before, *where], -1)
    return told.clamp(-FARTHEST, FARTHEST)
