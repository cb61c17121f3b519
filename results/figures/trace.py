"""Traces: the points, expectations and attention weights of a network along a line, point by point."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from base.base_model import Sample
from data_loader.batching import collate
from ink.strokes import InkLine
from model.writing.mixture_density import Mixture
from results.writing.lines import Style
from results.writing.writer import Writer
from utils.errors import InputError
from utils.progress import progress


@dataclass(frozen=True)
class Trace:
    """A line of T points, and the outputs of a network at each of them.

    text      the text of the line; "" for a network that writes freely
    points    (T, 3) in the data set's units
    mixture   densities of points 1..T-1, each field (T-1, ...), in units of `std`; without bias
    weights   (T-1, U+1) attention weights of the text's characters and its end; None for a network without text
    std       per-axis, in the data set's units
    sharpens  True if bias sharpens the mixture's weights
    stopped   True if the network ended it, False at the point limit; None for a real line
    """

    text: str
    points: np.ndarray
    mixture: Mixture
    weights: np.ndarray | None
    std: tuple[float, float]
    sharpens: bool
    stopped: bool | None


def written(writer: Writer, text: str | None, *, bias: float = 0.5, seed: int = 1) -> Trace:
    """Return the trace of a line that the network writes; text None: freely.

    It begins at the start, of a hand too: what a network writes behind the person's own line depends on that line, and
    the figures show none. The text is that which the network is given, without marks and signs that are drawn.

    Raises InputError where the text is longer than one line of the network, or it cannot be written.
    """
    given: list[str] = []
    drawn: list[Sample] = []

    def from_start(
        network: Writer, texts: Sequence[str], seeds: Sequence[int], bias: float, style: Style | None = None
    ) -> list[Sample]:
        given.extend(texts)
        drawn.extend(network.draw_lines(texts, seeds, bias))
        return drawn

    writer.write(one_line(writer, text), bias=bias, seed=seed, draw=from_start)
    return _followed(writer, given[0], drawn[0].strokes, stopped=drawn[0].stopped)


def followed(writer: Writer, line: InkLine) -> Trace:
    """Return the trace of a real line with its own text, the true points as inputs (teacher forcing).

    Raises InputError where the line has no text, or characters that the network does not know.
    """
    writer.require("write lines")
    text = unicodedata.normalize("NFC", line.text) if writer.reads_text else ""
    if writer.reads_text and not text:
        raise InputError(f"{line.id}: has no text, which this network must be given; choose another line")
    missing = writer.alphabet.missing(text)
    if missing:
        raise InputError(f"{line.id}: has characters that the network does not know: {' '.join(missing)}")
    points, _ = writer.prepared(line)
    return _followed(writer, text, writer.strokes(points))


@torch.inference_mode()
def _followed(writer: Writer, text: str, strokes: np.ndarray, *, stopped: bool | None = None) -> Trace:
    model, encoded = writer.model, torch.from_numpy(writer.alphabet.encode(text))
    batch = collate([("", torch.from_numpy(strokes), encoded)]).to(writer.device)
    state, mixtures, weights = model.start(batch), [], list[torch.Tensor]()
    for stroke in progress(batch.inputs.unbind(1), len(strokes) - 1, "following the line", "point"):
        mixture, state = model.step(stroke, state)
        mixtures.append(mixture)
        attention = model.weights(state)
        weights += [] if attention is None else [attention]
    return Trace(
        text,
        writer.points(strokes),
        Mixture(*(torch.cat(parts).cpu() for parts in zip(*mixtures, strict=True))),
        torch.cat(weights).cpu().numpy() if weights else None,
        writer.std,
        model.density.sharpen_weights,
        stopped,
    )


def one_line(writer: Writer, text: str | None) -> str | None:
    """Return the text if it fits into one line of the network; None stays None.

    Raises InputError where it does not, the network does not know a character, or writes single characters.
    """
    writer.require("write lines")
    if text is None:
        return None
    limit = writer.chars_per_line
    short = " ".join(unicodedata.normalize("NFC", text).split())
    writer.alphabet.encode(writer.spelling.plain(short))
    if len(short) > limit:
        raise InputError(
            f"the text has {len(short)} characters; a figure shows one line, of this network at most {limit}"
        )
    return short
