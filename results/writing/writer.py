"""Writer: a trained network that writes lines of text, or lines without one."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import torch

from base.base_model import Sample
from base.batch import Batch
from data_loader.batching import collate
from ink.geometry import baseline_slope, turned_together, x_height
from model.writing.record import OnPoints, Selection
from model.writing.sampling import HandwritingModel, sample
from render.ink.page import wrap_text
from results.measuring.likelihood import CorpusPredicted, predict_corpus
from results.trained import Ability, TrainedModel
from results.writing.lines import SEEDS_PER_WRITING, Style, Writing, require_sane
from results.writing.spelling import Spelling
from utils.errors import InputError
from utils.progress import progress

FIRST_TEXT = "The pen writes what was never written."
"""Text that is written where none is given; long enough to be a style: behind half as long a line as this, 5.4 % of the
characters are misread, and behind this 3.1 %."""
Hands = Literal["one", "each"]
"""Handwritings of a text's lines without a style: one for all, or another one for each."""
STYLE_BIAS = 1.0
"""Least bias of a style: pages at bias 0.5 behind such a line have 4.0 % of their characters misread, else 5.0 %."""
BATCH_LINES = 64
POINT_MARGIN, CHARACTER_MARGIN = 1.5, 3
"""A line's limit of points: this many times those of a slow writer, for its characters and this many more."""


class Draw(Protocol):
    """A way to write lines: each text from its seed, in a style where one is given; as `Writer.draw_lines`."""

    def __call__(
        self, writer: Any, texts: Sequence[str], seeds: Sequence[int], bias: float, style: Style | None = None, /
    ) -> list[Sample]: ...


class Writer(TrainedModel[HandwritingModel]):
    """A network that writes."""

    abilities: ClassVar[tuple[Ability, ...]] = ("write", "write lines")
    does = "writes lines of text"

    @property
    def reads_text(self) -> bool:
        """True if the network is given the text that it writes; else it writes freely."""
        return self.model.reads_text

    @property
    def chars_per_line(self) -> int:
        """Length of the lines that the network learned from, and that it writes, in characters."""
        return self.facts["chars_per_line"]

    @cached_property
    def own_line(self) -> Style | None:
        """The line of a person's own behind which their hand is written; None of a network that is no hand.

        Raises InputError where the checkpoint's is damaged.
        """
        hand = self.facts.get("hand")
        if hand is None:
            return None
        try:
            return Style(str(hand["name"]), str(hand["text"]), np.array(hand["strokes"], np.float32).reshape(-1, 3))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self.path}: not a whole hand: {error}") from None

    @cached_property
    def spelling(self) -> Spelling:
        """The text as the network is given it, and what is drawn in place of being written."""
        return Spelling(self.alphabet, self.facts)

    def write(
        self,
        text: str | None = None,
        *,
        bias: float = 0.5,
        seed: int = 1,
        style: Style | None = None,
        draw: Draw | None = None,
        chars_per_line: int | None = None,
        hands: Hands = "one",
    ) -> Writing:
        """Write `text`, in lines as long as those that the network learned from; without a text, one line freely.

        bias   0 as varied as the data, higher more regular
        seed   the same seed gives the same writing
        style  a line in whose handwriting every line is written, see `results.writing.styles.load_style`; None: of a
               hand the person's `own_line`
        draw   another way to write lines, such as `results.writing.best_of.BestOf`
        chars_per_line  longest line, such as `results.writing.line_length.line_length` gives; None: the usual one
        hands  "one": without a style all lines are in a style of the seed's own, see `own_styles`; "each": every line
               in another handwriting. A single line is written without a style

        Raises InputError where the text holds nothing, or characters that the network cannot write.
        """
        (writing,) = self.write_copies(
            text, 1, bias=bias, seed=seed, style=style, draw=draw, chars_per_line=chars_per_line, hands=hands
        )
        return writing

    def write_copies(
        self,
        text: str | None,
        n: int,
        *,
        bias: float = 0.5,
        seed: int = 1,
        style: Style | None = None,
        draw: Draw | None = None,
        chars_per_line: int | None = None,
        hands: Hands = "one",
    ) -> list[Writing]:
        """Write `text` n times: the k-th as `write` does with seed + k - 1."""
        if (text is not None) != self.reads_text:
            raise InputError(
                f"{self.path}: this network must be given a text to write"
                if self.reads_text
                else f"{self.path}: this network writes freely and takes no text; leave the text out"
            )
        require_sane(bias, seed, n)
        style = style or self.own_line
        texts = [""] if text is None else self.lines_of(text, chars_per_line)
        draw, seeds = draw or Writer.draw_lines, range(seed, seed + n)
        if style or hands == "each" or sum(map(bool, texts)) < 2:
            return self._writings(texts, seeds, bias, style, draw)
        pairs = zip(seeds, self.own_styles(texts, seeds, bias), strict=True)
        return [writing for number, own in pairs for writing in self._writings(texts, [number], bias, own, draw)]

    def own_styles(self, texts: Sequence[str], seeds: Sequence[int], bias: float) -> list[Style]:
        """Return a style for each seed: a line that the network writes by itself, at least at bias 1, on no page.

        Its text is FIRST_TEXT, whatever is written in it; the longest of `texts` where the alphabet lacks some of that.
        """
        text = self.spelling.plain(max(texts, key=len)) if self.alphabet.missing(FIRST_TEXT) else FIRST_TEXT
        own_seeds = [(seed + 1) * SEEDS_PER_WRITING - 1 for seed in seeds]
        drawn = self.draw_lines([text] * len(seeds), own_seeds, max(bias, STYLE_BIAS))
        return [Style(f"seed {seed}", text, sample.strokes) for seed, sample in zip(seeds, drawn, strict=True)]

    def _writings(
        self, texts: list[str], seeds: Sequence[int], bias: float, style: Style | None, draw: Draw
    ) -> list[Writing]:
        """Return a writing of the lines `texts` for each seed, all written at once; "" is an empty line."""
        jobs = [(seed, line) for seed in seeds for line in range(len(texts)) if texts[line] or not self.reads_text]
        # A seed per line: what is written on it does not change with the lines and copies around it.
        line_seeds = [seed * SEEDS_PER_WRITING + line for seed, line in jobs]
        drawn = self.draw_texts([texts[line] for _, line in jobs], line_seeds, bias, style, draw)
        samples = dict(zip(jobs, drawn, strict=True))
        return [
            self._writing(texts, [samples.get((seed, line)) for line in range(len(texts))], style) for seed in seeds
        ]

    def _writing(self, texts: list[str], samples: list[Sample | None], style: Style | None) -> Writing:
        """Return the writing of these lines; an empty line has no sample.

        The end of a real line sinks: in IAM-OnDB the first 40 % of a line rises by 2.2 degrees, and the last 40 % by
        0.4. Behind a style's line the network writes such ends. So a page is turned to the slope of its style.
        """
        empty = np.zeros((0, 3), np.float32)
        lines = [empty if drawn is None else self.points(drawn.strokes) for drawn in samples]
        if style and len(lines) > 1:
            lines = turned_together(lines, baseline_slope(self.points(style.strokes)))
        return Writing(texts, lines, [drawn for drawn in samples if drawn], self.x_height(style))

    def x_height(self, style: Style | None = None) -> float | None:
        """Return about the x-height, in the data set's units, of what is written in a style; None if it is unknown."""
        if self.transform.normalise_size:
            return 1.0
        return None if style is None else x_height(self.points(style.strokes))

    def lines_of(self, text: str, chars_per_line: int | None = None) -> list[str]:
        """The text in lines of at most `chars_per_line` characters (None: the usual number), all in the alphabet.

        Raises InputError where one is not, or nothing is left.
        """
        lines = wrap_text(unicodedata.normalize("NFC", text), chars_per_line or self.chars_per_line)
        if not any(lines):
            raise InputError("the text is empty; there is nothing to write")
        self.alphabet.encode(self.spelling.plain("".join(lines)))
        return lines

    def max_points(self, text: str) -> int:
        """Limit of points of a line with this text; of free writing, the length of a usual line."""
        if not self.reads_text:
            return self.facts["points_per_line"]
        return int(POINT_MARGIN * self.facts["points_per_char"] * (len(text) + CHARACTER_MARGIN))

    def draw_texts(
        self, texts: Sequence[str], seeds: Sequence[int], bias: float, style: Style | None, draw: Draw
    ) -> list[Sample]:
        """One line per text, as `draw` writes it, with the signs and marks that are drawn, see `Spelling`."""
        drawn, unit = draw(self, list(map(self.spelling.plain, texts)), seeds, bias, style), self.x_height(style)
        lines = zip(drawn, texts, seeds, strict=True)
        return [self.spelling.finished(self, ink, text, unit, seed) for ink, text, seed in lines]

    def draw_lines(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        bias: float,
        style: Style | None = None,
        on_points: OnPoints | None = None,
        selection: Selection | None = None,
    ) -> list[Sample]:
        """One line per text, each from its seed, many at once; it ends by itself or at its limit of points.

        With a style the network goes on where that line ends; only what it then writes is returned. `on_points` watches
        the lines while they are written, see `sample`, and `selection` has some go on from others.
        """
        drawn: list[Sample] = []
        with progress(None, len(texts), "writing") as bar:
            together = selection.candidates if selection else 1
            size = max(1, BATCH_LINES // together) * together
            for first in range(0, len(texts), size):
                some = slice(first, first + size)
                watch = on_points and partial(_watch, on_points, first)
                select = selection and replace(selection, choose=partial(_choose, selection, first))
                drawn += self._draw_batch(texts[some], seeds[some], bias, style, bar, watch, select)
        return drawn

    def _draw_batch(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        bias: float,
        style: Style | None,
        bar: Any,
        on_points: OnPoints | None,
        selection: Selection | None,
    ) -> list[Sample]:
        prime = torch.zeros(1, 3) if style is None else torch.from_numpy(style.strokes)
        # The network has seen words only apart, so the style's text and the new one have a space between them.
        space = " " if " " in self.alphabet.position else ""
        prime_text = style.text + space if style and self.reads_text else ""
        batch: Batch = collate(
            [("", prime, torch.from_numpy(self.alphabet.encode(prime_text + text))) for text in texts]
        )
        return sample(
            self.model,
            batch.to(self.device),
            seeds=list(seeds),
            max_points=[self.max_points(text) for text in texts],
            bias=bias,
            on_end=bar.update,
            prime_chars=[len(prime_text)] * len(texts) if style else None,
            on_points=on_points,
            selection=selection,
        )

    def evaluate(
        self,
        corpus: str | None = None,
        splits: list[str] | None = None,
        *,
        data_dir: Path = Path("data"),
        batch_size: int = 64,
        ids: set[str] | None = None,
    ) -> CorpusPredicted:
        """Measure how well the lines of the splits (None: those of validation) are predicted, see `predict_corpus`.

        Raises InputError where the corpus is not there, or has characters that the network does not know.
        """
        return predict_corpus(self, corpus, splits or self.validated_on(corpus), data_dir, batch_size, ids)


def _watch(on_points: OnPoints, first: int, line: int, strokes: np.ndarray) -> None:
    """Report a line of a batch that begins at line `first`."""
    on_points(first + line, strokes)


def _choose(selection: Selection, first: int, lines: Sequence[int], samples: Sequence[Sample]) -> list[int]:
    """Choose among lines of a batch that begins at line `first`."""
    return selection.choose([first + line for line in lines], samples)
