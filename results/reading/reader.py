"""Reader: a trained recognizer, which reads lines of ink as text."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from data_loader.corpus import Corpus
from data_loader.line_choice import splits_to_use
from data_loader.transform import open_transformed
from ink.strokes import InkLine
from model.reading.posteriors import BY_INK, TextPosterior, text_posteriors, word_spans
from model.reading.recognizer import Reading, Seq2SeqRecognizer
from results.reading.calibration import Calibration, calibration_of
from results.reading.corpus import CorpusRead
from results.reading.decoding import GREEDY, THOROUGH, Decoding, surest
from results.reading.lines import LineReading, batches, ink_batch, read_characters
from results.reading.scores import ReadLine
from results.reading.words import ReadWord, word_points
from results.trained import TrainedModel
from utils.errors import InputError
from utils.progress import progress


class Reader(TrainedModel[Seq2SeqRecognizer]):
    """A network that reads lines of ink as text."""

    abilities = ("read", "read lines")
    does = "reads lines of text"

    @property
    def spacings(self) -> tuple[float, ...]:
        """The spacings of points at which it reads best, see `Decoding`: one where it does not resample by distance."""
        return THOROUGH if self.transform.resample_distance else (1.0,)

    @torch.inference_mode()
    def read(
        self, lines: Sequence[InkLine], decoding: Decoding = GREEDY, *, alternatives: int = 0
    ) -> list[LineReading]:
        """Read each line; its own text is not looked at. The ink is transformed as the network's training ink was.

        alternatives  other texts of each word's ink to name at most

        Raises InputError where a line's ink cannot be used, see `prepared`, or the language model has another alphabet.
        """
        decoding.require_alphabet(self.alphabet.characters)

        def read(spacing: float, some: list[int]) -> Iterator[tuple[float, LineReading]]:
            for reading in self._read([lines[i] for i in some], spacing, decoding, alternatives):
                yield reading.confidence, reading

        return surest(len(lines), decoding.spacings, read)

    def _read(
        self, lines: Sequence[InkLine], spacing: float, decoding: Decoding, alternatives: int
    ) -> list[LineReading]:
        """Return the reading of each line at one spacing of the points."""
        prepared = [self.prepared(line, spacing) for line in lines]
        strokes = [self.strokes(points) for points, _ in prepared]
        readings: dict[int, LineReading] = {}
        with progress(None, len(lines), "reading") as bar:
            for some in batches([len(line) for line in strokes]):
                encoded = self.model.encode(ink_batch([strokes[i] for i in some], self.device))
                # (T,) frame that each point of the line is in
                frames = [prepared[i][1] // self.model.points_per_frame for i in some]
                inks = zip([lines[i] for i in some], frames, strict=True)
                readings |= zip(some, self._readings(list(inks), encoded, decoding, alternatives), strict=True)
                bar.update(len(some))
        return [readings[i] for i in range(len(lines))]

    def _readings(
        self, inks: list[tuple[InkLine, np.ndarray]], encoded: Reading, decoding: Decoding, alternatives: int
    ) -> Iterator[LineReading]:
        """Yield the reading of each line, given with the frame (T,) of its points, of a batch."""
        model, space = self.model, self.alphabet.position.get(" ")
        texts = decoding.texts(model, encoded)
        sure_line, sure_word = self.calibration(decoding, "lines"), self.calibration(decoding, "words")
        search = decoding.search or BY_INK
        posteriors = text_posteriors(model, encoded, texts, space, search=search, others=alternatives)
        explained = model.explain(encoded, texts)
        for n, ((line, frames), positions, posterior) in enumerate(zip(inks, texts, posteriors, strict=True)):
            # log_probs (U+1,), weights (U+1, N): of each character and of the end
            log_probs, weights = (part.double().numpy() for part in explained[n])
            text = self.alphabet.decode(positions)
            characters = read_characters(text, log_probs, weights, frames)
            spans = word_spans(positions, space)
            words = [
                ReadWord(
                    text[first:after],
                    sure_word(posterior.words[k]),
                    points,
                    [(self.alphabet.decode(other), sure_word(nats)) for other, nats in posterior.others[k].items()],
                )
                for k, ((first, after), points) in enumerate(
                    zip(spans, word_points(line.points, [part.points for part in characters], spans), strict=True)
                )
            ]
            yield LineReading(line, text, sure_line(posterior.line), characters, words)

    def calibration(self, decoding: Decoding, unit: Literal["words", "lines"]) -> Calibration:
        """The map from probability to confidence of this checkpoint, for readings of this kind.

        Raises InputError where what the checkpoint has of it is none.
        """
        return calibration_of(self.facts, decoding.kind, unit)

    @torch.inference_mode()
    def evaluate(
        self,
        corpus: str | None = None,
        splits: list[str] | None = None,
        *,
        data_dir: Path = Path("data"),
        batch_size: int = 64,
        decoding: Decoding = GREEDY,
    ) -> CorpusRead:
        """Read every line of the splits (None: those of validation), transformed as the network's training lines were.

        A character that the network does not know is one that it cannot read: it counts as an edit.

        Raises InputError where the corpus is not there, or has no text in these splits.
        """
        if batch_size < 1:
            raise InputError(f"batch size is {batch_size}; it must be 1 or more")
        decoding.require_alphabet(self.alphabet.characters)
        opened = open_transformed(corpus or self.corpus, data_dir, self.transform)
        splits = splits or self.validated_on(corpus) or splits_to_use(opened, None, None)[1]
        lines = opened.lines_of(splits)
        if not any(opened.text(int(line)) for line in lines):
            raise InputError(f"{opened.folder}: no line of {', '.join(splits)} has a text to compare a reading with")
        started = time.perf_counter()

        def read(spacing: float, some: list[int]) -> Iterator[tuple[float, tuple[str, TextPosterior]]]:
            spaced = open_transformed(corpus or self.corpus, data_dir, self.transform.spaced(spacing))
            return self._read_corpus(spaced, lines[some], batch_size, decoding)

        readings = surest(len(lines), decoding.spacings, read)
        seconds = time.perf_counter() - started
        known = map(opened.line, lines.tolist())
        read_lines = [
            ReadLine(line.id, line.writer, line.text, text) for line, (text, _) in zip(known, readings, strict=True)
        ]
        posteriors = [posterior for _, posterior in readings]
        calibrations = self.calibration(decoding, "words"), self.calibration(decoding, "lines")
        name = corpus or self.corpus
        return CorpusRead(name, opened, splits, lines, read_lines, seconds, decoding, posteriors, *calibrations)

    def _read_corpus(
        self, corpus: Corpus, lines: np.ndarray, batch_size: int, decoding: Decoding
    ) -> Iterator[tuple[float, tuple[str, TextPosterior]]]:
        """Yield, in order, the probability of each text of a transformed corpus, the text, and that of its words."""
        space, sure_line = self.alphabet.position.get(" "), self.calibration(decoding, "lines")
        readings: dict[int, tuple[str, TextPosterior]] = {}
        with progress(None, len(lines), "reading") as bar:
            for some in batches(corpus.lengths[lines], batch_size):
                strokes = [self.strokes(corpus.points(int(lines[i]))) for i in some]
                encoded = self.model.encode(ink_batch(strokes, self.device))
                positions = decoding.texts(self.model, encoded)
                sure = text_posteriors(self.model, encoded, positions, space, search=decoding.search or BY_INK)
                readings |= zip(some, zip(map(self.alphabet.decode, positions), sure, strict=True), strict=True)
                bar.update(len(some))
        for i in range(len(lines)):
            yield sure_line(readings[i][1].line), readings[i]
