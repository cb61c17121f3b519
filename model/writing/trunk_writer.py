"""Writing networks that differ in their trunk alone: pen features below it, a mixture density above."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from base.batch import Batch
from model.layers.trunk import RecurrentTrunk, Trunk
from model.layers.window import encode_text
from model.writing.compiled import Packed, pack
from model.writing.line_end import LineEnd
from model.writing.mixture_density import LineMixture, Mixture
from model.writing.pen_motion import Features, PenState, initial_state, pen_features, pen_features_step
from model.writing.sampling import HandwritingModel


class WriterState(NamedTuple):
    """The state between two points.

    end_logit  (B,) the output of `LineEnd`, None without it
    """

    trunk: Any
    pen: PenState
    end_logit: Tensor | None = None


class TrunkWriter(HandwritingModel):
    """A network of pen features, a trunk and a mixture density, which a subclass's constructor makes.

    The density reads the trunk's hidden states and `num_skip_features(features)` more, as does `line_end` if there is
    one.
    """

    features: Features
    trunk: Trunk

    def __init__(self) -> None:
        super().__init__()
        self.line_end: LineEnd | None = None

    def forward(self, batch: Batch) -> Mixture:
        strokes = batch.inputs if self.line_end is None else batch.strokes  # the end is known after the last point
        inputs = pen_features(strokes, self.features)  # (B, T, 3) -> (B, T, F)
        hiddens = self.trunk(inputs.features, encode_text(batch.text, batch.char_mask))  # (B, T, H)
        read = inputs.with_hiddens(hiddens)
        mixture = inputs.in_stds(self.density(*read))
        if self.line_end is None:
            return mixture
        return LineMixture(*(part[:, :-1] for part in mixture), self.line_end(*read)[:, 1:])

    def start(self, batch: Batch) -> WriterState:
        pen = initial_state(len(batch.text), batch.strokes)
        return WriterState(self.trunk.start(encode_text(batch.text, batch.char_mask)), pen)

    def step(self, stroke: Tensor, state: WriterState) -> tuple[Mixture, WriterState]:
        inputs, pen = pen_features_step(stroke, state.pen, self.features)
        hiddens, trunk = self.trunk.step(inputs.features, state.trunk)
        read = inputs.with_hiddens(hiddens)
        end_logit = None if self.line_end is None else self.line_end(*read)
        return inputs.in_stds(self.density(*read)), WriterState(trunk, pen, end_logit)

    def finished(self, state: WriterState) -> Tensor:
        """Return False for every line: free writing ends at the caller's limit."""
        return torch.zeros(len(state.pen.age), dtype=torch.bool, device=state.pen.age.device)

    def end_logit(self, state: WriterState) -> Tensor | None:
        return state.end_logit

    def packed(self) -> Packed | None:
        return pack(self.trunk, self.density, self.features, self.line_end)

    @property
    def mixes_styles(self) -> bool:
        return isinstance(self.trunk, RecurrentTrunk)

    def between(self, fresh: WriterState, first: WriterState, second: WriterState, share: Tensor) -> WriterState:
        assert isinstance(self.trunk, RecurrentTrunk)
        moves = first.pen.moves.lerp(second.pen.moves, share)
        trunk = self.trunk.between(fresh.trunk, first.trunk, second.trunk, share)
        return WriterState(trunk, fresh.pen._replace(moves=moves))
