"""A text written in hands between two: the states after two real lines, mixed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from base.base_model import Sample
from data_loader.batching import collate
from model.layers.recurrent import CellState, StackState
from model.layers.self_attention import Memory
from model.writing.conditional import ConditionalHandwriting, WritingState
from model.writing.line_end import ending
from model.writing.mixture_density import sample_stroke
from model.writing.sampling import LineNoise
from model.writing.unconditional import UnconditionalHandwriting
from results.writing.lines import Style
from results.writing.writer import Writer
from utils.errors import InputError
from utils.progress import progress


class Hand(NamedTuple):
    """What a network keeps of hands: cells from the lowest layer on, what is attended to, the sums of the scale.

    stroke: (B, 3) the last one, of which it has not been told yet
    """

    cells: tuple[CellState, ...]
    memory: tuple[Memory, ...]
    seen: Tensor
    stroke: Tensor

    def mixed(self, other: "Hand", share: Tensor) -> "Hand":
        """This one and, to a share (B, 1), the other: all mixed linearly, what is attended to by its weights."""
        cells = tuple(
            tuple(a.lerp(b, share) for a, b in zip(one, two, strict=True))
            for one, two in zip(self.cells, other.cells, strict=True)
        )
        memory = tuple(one.mixed(two, share) for one, two in zip(self.memory, other.memory, strict=True))
        return Hand(cells, memory, self.seen.lerp(other.seen, share), self.stroke.lerp(other.stroke, share))


@torch.inference_mode()
def write_between(
    writer: Writer, text: str, styles: tuple[Style, Style], shares: Sequence[float], *, bias: float, seed: int
) -> list[Sample]:
    """`text` for each share of the second style, all from one seed: what the layers remember of both is mixed linearly.

    The window begins anew, at a blank before the text: after the two lines it stands at other places of other texts,
    between which nothing is. The way from there to the text is left out.

    Of a network that writes freely the text is "".

    Raises InputError where there should be a text or none, or the network has no such states.
    """
    model = writer.model
    if not isinstance(model, ConditionalHandwriting | UnconditionalHandwriting):
        raise InputError(f"{writer.path}: {type(model).__name__} has no states of two hands to mix; try: write")
    if bool(text) != model.reads_text:
        told = "name the text that it is to write" if model.reads_text else "it writes freely, leave the text out"
        raise InputError(f"{writer.path}: {told}")
    weight = torch.tensor(shares, device=writer.device).unsqueeze(1)
    first, second = (_hand_after(writer, style) for style in styles)
    hand = first.mixed(second, weight)
    state: Any = _in_hand(_begun(writer, f" {text}", len(shares)), hand)
    cap = writer.max_points(text)
    noise, strokes = LineNoise([seed] * len(shares)), [hand.stroke.cpu()]
    ended = torch.zeros(len(shares), dtype=torch.bool)
    lengths = torch.zeros(len(shares), dtype=torch.int64)
    late = torch.zeros(len(shares))
    for t in progress(range(cap), cap, "writing", "point"):
        mixture, state = model.step(strokes[-1].to(weight.device), state)
        if t:  # the styles' own last stroke ends no line
            ended |= ending(model.finished(state).cpu(), strokes[-1], late)
        lengths += ~ended
        if ended.all():
            break
        strokes.append(sample_stroke(mixture, noise.next().to(weight.device), bias).cpu())
    drawn = torch.stack(strokes[1:], 1).numpy()
    drawn[:, 0, :2] = 0
    return [
        _sample(line[:length], bool(stop)) for line, length, stop in zip(drawn, lengths.tolist(), ended, strict=True)
    ]


def _sample(strokes: np.ndarray, stopped: bool) -> Sample:
    strokes[-1, 2] = 1.0
    return Sample(strokes, None, stopped)


def _begun(writer: Writer, text: str, lines: int) -> Any:
    """The state before the first point, of so many lines."""
    encoded = torch.from_numpy(writer.alphabet.encode(text if writer.reads_text else ""))
    batch = collate([("", torch.zeros(1, 3), encoded)] * lines)
    return writer.model.start(batch.to(writer.device))


def _hand_after(writer: Writer, style: Style) -> Hand:
    """What the network remembers of the hand that wrote the line of a style."""
    model, state = writer.model, _begun(writer, f"{style.text} ", 1)
    strokes = torch.from_numpy(style.strokes).to(writer.device)
    *before, last = strokes.unsqueeze(1)
    for stroke in progress(before, len(before), "following the style", "point"):
        _, state = model.step(stroke, state)
    lowest = (state.window.cell,) if isinstance(state, WritingState) else ()
    return Hand((*lowest, *state.stack.cells), state.stack.memory, state.pen.moves, last)


def _in_hand(state: Any, hand: Hand) -> Any:
    """A new line's state with what is remembered of a hand."""
    cells = hand.cells
    if isinstance(state, WritingState):
        state, cells = state._replace(window=state.window._replace(cell=cells[0])), cells[1:]
    return state._replace(stack=StackState(cells, hand.memory), pen=state.pen._replace(moves=hand.seen))
