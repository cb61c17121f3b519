"""Reader: a trained recognizer, which reads lines of ink as text."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from data_loader.line_choice import splits_to_use
from data_loader.transform import open_transformed
from ink.strokes import InkLine
from model.reading.recognizer import Seq2SeqRecognizer
from results.reading.corpus import CorpusRead
from results.reading.decoding import GREEDY, Decoding
from results.reading.lines import LineReading, batches, ink_batch, line_reading
from results.reading.scores import ReadLine
from results.trained import TrainedModel
from utils.errors import InputError
from utils.progress import progress


class Reader(TrainedModel[Seq2SeqRecognizer]):
    """A network that reads lines of ink as text."""

    abilities = ("read", "read lines")
    does = "reads lines of text"

    @torch.inference_mode()
    def read(self, lines: Sequence[InkLine], decoding: Decoding = GREEDY) -> list[LineReading]:
        """Read each line; its own text is not looked at. The ink is transformed as the network's training ink was.

        Raises InputError where a line's ink cannot be used, see `prepared`, or the language model has another alphabet.
        """
        decoding.require_alphabet(self.alphabet.characters)
        strokes, frames = [], []
        for line in lines:
            points, places = self.prepared(line)
            strokes.append(self.strokes(points))
            frames.append(places // self.model.points_per_frame)  # (T,) frame that each point of the line is in
        readings: dict[int, LineReading] = {}
        with progress(None, len(lines), "reading") as bar:
            for some in batches([len(line) for line in strokes]):
                encoded = self.model.encode(ink_batch([strokes[i] for i in some], self.device))
                texts = decoding.texts(self.model, encoded)
                for i, positions, explained in zip(some, texts, self.model.explain(encoded, texts), strict=True):
                    # log_probs (U+1,), weights (U+1, N): of each character and of the end
                    log_probs, weights = (part.double().numpy() for part in explained)
                    text = self.alphabet.decode(positions)
                    readings[i] = line_reading(lines[i], text, log_probs, weights, frames[i])
                bar.update(len(some))
        return [readings[i] for i in range(len(lines))]

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
        texts: dict[int, str] = {}
        started = time.perf_counter()
        with progress(None, len(lines), "reading") as bar:
            for some in batches(opened.lengths[lines], batch_size):
                strokes = [self.strokes(opened.points(int(lines[i]))) for i in some]
                positions = decoding.texts(self.model, self.model.encode(ink_batch(strokes, self.device)))
                texts |= dict(zip(some, map(self.alphabet.decode, positions), strict=True))
                bar.update(len(some))
        seconds = time.perf_counter() - started
        known = map(opened.line, lines.tolist())
        read = [ReadLine(line.id, line.writer, line.text, texts[i]) for i, line in enumerate(known)]
        return CorpusRead(corpus or self.corpus, opened, splits, lines, read, seconds, decoding)
