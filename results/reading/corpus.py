"""A trained network that reads, measured on a split of a corpus."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_loader.corpus import Corpus
from data_loader.line_choice import splits_to_use
from data_loader.transform import open_transformed
from ink.alphabet import Alphabet
from ink.strokes import points_to_strokes
from results.reading.lines import Decoding, batch_of, batches, recognizer_of, transform_of
from results.reading.scores import ReadLine, scores
from results.trained import Loaded
from utils.errors import InputError
from utils.progress import progress


@dataclass(frozen=True)
class CorpusRead:
    """What was read of lines of a corpus, and how long that took; the corpus is transformed, its name is not."""

    name: str
    corpus: Corpus
    splits: list[str]
    lines: np.ndarray
    read: list[ReadLine]
    seconds: float

    def numbers(self) -> dict[str, Any]:
        """All that is to be said of it in numbers, see `scores`."""
        speed = {"seconds": self.seconds, "lines_per_second": len(self.read) / self.seconds}
        return {"corpus": self.name, "splits": self.splits} | scores(self.read) | speed


@torch.inference_mode()
def read_corpus(
    loaded: Loaded,
    corpus_name: str | None,
    splits: list[str] | None,
    data_dir: Path,
    batch_size: int,
    decoding: Decoding,
) -> CorpusRead:
    """Every line of the splits read, none left out; they are transformed as the network's training lines were.

    A character that the network does not know is one that it cannot read: it counts as an edit.

    Raises InputError where the network does not read, or the corpus is not there, or has no text in these splits.
    """
    if batch_size < 1:
        raise InputError(f"batch size is {batch_size}; it must be 1 or more")
    model, facts = recognizer_of(loaded), loaded.facts
    decoding.require_alphabet(facts["alphabet"])
    name = corpus_name or facts["corpus"]
    corpus = open_transformed(name, data_dir, transform_of(loaded))
    splits = splits or splits_to_use(corpus, None, None)[1]
    lines = corpus.lines_of(splits)
    if not any(corpus.text(int(line)) for line in lines):
        raise InputError(f"{corpus.folder}: no line of {', '.join(splits)} has a text to compare a reading with")
    alphabet = Alphabet(facts["alphabet"])
    texts: dict[int, str] = {}
    started = time.perf_counter()
    with progress(None, len(lines), "reading") as bar:
        for some in batches(corpus.lengths[lines], batch_size):
            strokes = [points_to_strokes(corpus.points(int(lines[i])), facts["std"]) for i in some]
            found = decoding.texts(model, model.encode(batch_of(strokes, model)))
            texts |= {i: alphabet.decode(positions) for i, positions in zip(some, found, strict=True)}
            bar.update(len(some))
    seconds = time.perf_counter() - started
    known = map(corpus.line, lines.tolist())
    read = [ReadLine(line.id, line.writer, line.text, texts[i]) for i, line in enumerate(known)]
    return CorpusRead(name, corpus, splits, lines, read, seconds)
