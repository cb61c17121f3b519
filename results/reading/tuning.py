"""The weight of a language model and the length bonus, tuned on validation lines."""

from pathlib import Path

import numpy as np
import torch

from data_loader.line_choice import splits_to_use
from data_loader.transform import open_transformed
from model.reading.decoding import tune
from results.reading.decoding import Decoding
from results.reading.lines import batches, ink_batch
from results.reading.reader import Reader
from utils.errors import InputError

SEED = 1


@torch.inference_mode()
def tune_on_corpus(
    reader: Reader,
    corpus_name: str | None,
    splits: list[str] | None,
    data_dir: Path,
    decoding: Decoding,
    num_lines: int,
) -> tuple[dict[tuple[float, float], float], int]:
    """Character error rates by (lm_weight, length_bonus), the lowest first, on a random sample of the splits' lines,
    and how many lines these are.

    Splits are those for validation where none are named; a split that will be reported on must not be among them. The
    weight and the bonus of the `decoding`, which has a language model, are not used.

    Raises InputError where the corpus is not there, there are no lines to read, or the alphabets differ.
    """
    if num_lines < 1:
        raise InputError(f"the number of lines to tune on is {num_lines}; it must be 1 or more")
    decoding.require_alphabet(reader.alphabet.characters)
    corpus = open_transformed(corpus_name or reader.corpus, data_dir, reader.transform)
    lines = corpus.lines_of(splits or reader.validated_on(corpus_name) or splits_to_use(corpus, None, None)[1])
    lines = np.random.default_rng(SEED).permutation(lines)[:num_lines]
    readings, texts = [], []
    for some in batches(corpus.lengths[lines]):
        strokes = [reader.strokes(corpus.points(int(lines[i]))) for i in some]
        readings.append(reader.model.encode(ink_batch(strokes, reader.device)))
        texts += [corpus.text(int(lines[i])) for i in some]
    assert decoding.search, "a language model takes a search"
    return tune(reader.model, readings, texts, decoding.search), len(lines)
