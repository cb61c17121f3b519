"""A text written in styles between two: the states after two real lines, mixed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from base.base_model import Sample
from base.batch import Batch
from data_loader.batching import collate
from model.writing.sampling import sample
from results.writing.lines import Style
from results.writing.writer import Writer
from utils.errors import InputError
from utils.progress import progress


@torch.inference_mode()
def write_between(
    writer: Writer, text: str, styles: tuple[Style, Style], shares: Sequence[float], *, bias: float, seed: int
) -> list[Sample]:
    """Write `text` for each share of the second style, all from one seed: the layers' states are mixed linearly.

    The window begins anew, at a space before the text; the way from the style's last point to the text is left out.
    The text is "" for a network that writes freely.

    Raises InputError where a text is missing or not wanted, or the network has no such states.
    """
    model = writer.model
    if not model.mixes_styles:
        raise InputError(f"{writer.path}: {type(model).__name__} has no states of two hands to mix; try: write")
    if bool(text) != model.reads_text:
        wanted = "name the text that it is to write" if model.reads_text else "it writes freely, leave the text out"
        raise InputError(f"{writer.path}: {wanted}")
    share = torch.tensor(shares, device=writer.device).unsqueeze(1)
    (first, first_stroke), (second, second_stroke) = (_follow(writer, style) for style in styles)
    batch = _batch(writer, f" {text}", len(shares))
    state = model.between(model.start(batch), first, second, share)
    stroke = first_stroke.lerp(second_stroke, share)
    points = [writer.max_points(text) + 1] * len(shares)
    samples = sample(model, batch, seeds=[seed] * len(shares), max_points=points, bias=bias, begin=(state, stroke))
    return [_without_start(drawn) for drawn in samples]


def _without_start(drawn: Sample) -> Sample:
    """Return a sample whose first drawn stroke is the start, without pen strokes that are over before the window has
    left the space: they finish the style's line, and are no letter of the text.
    """
    first = 1
    if drawn.weights is not None:
        past_space = drawn.weights.argmax(1) > 0  # (T - 1,), of strokes 1 to T - 1
        before = drawn.strokes[: 1 + int(past_space.argmax()), 2]  # the start alone where it stays at the space
        first = 1 + int(np.flatnonzero(before).max(initial=0))
    strokes = drawn.strokes[first:]
    strokes[0, :2] = 0
    return Sample(strokes, None if drawn.weights is None else drawn.weights[first:], drawn.stopped)


def _batch(writer: Writer, text: str, lines: int) -> Batch:
    """Return lines of this text, without ink."""
    encoded = torch.from_numpy(writer.alphabet.encode(text if writer.reads_text else ""))
    return collate([("", torch.zeros(1, 3), encoded)] * lines).to(writer.device)


def _follow(writer: Writer, style: Style) -> tuple[Any, Tensor]:
    """Return the state after all but the last stroke of a style's line, and that stroke (1, 3)."""
    state = writer.model.start(_batch(writer, f"{style.text} ", 1))
    *strokes, last = torch.from_numpy(style.strokes).to(writer.device).unsqueeze(1)
    for stroke in progress(strokes, len(strokes), "following the style", "point"):
        _, state = writer.model.step(stroke, state)
    return state, last
