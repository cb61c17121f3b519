"""The weight of a language model and the length bonus, tuned on validation lines."""

from pathlib import Path

import numpy as np
import torch

from data_loader.line_choice import splits_to_use
from data_loader.transform import open_transformed
from model.language.ngram import NgramModel
from model.reading.decoding import Search, tune
from results.reading.lines import batches, ink_batch
from results.reading.reader import Reader

SEED = 1


@torch.inference_mode()
def tune_on_corpus(
    reader: Reader,
    corpus_name: str | None,
    splits: list[str] | None,
    data_dir: Path,
    language_model: NgramModel,
    *,
    beam: int,
    num_lines: int,
) -> tuple[dict[tuple[float, float], float], int]:
    """Character error rates by (lm_weight, length_bonus), the lowest first, on a random sample of the splits' lines,
    and how many lines these are.

    Splits are those for validation where none are named; a split that will be reported on must not be among them.

    Raises InputError where the corpus is not there, or the alphabets differ.
    """
    language_model.require_alphabet(reader.alphabet.characters)
    corpus = open_transformed(corpus_name or reader.corpus, data_dir, reader.transform)
    lines = corpus.lines_of(splits or splits_to_use(corpus, None, None)[1])
    lines = np.random.default_rng(SEED).permutation(lines)[:num_lines]
    readings, texts = [], []
    for some in batches(corpus.lengths[lines]):
        strokes = [reader.strokes(corpus.points(int(lines[i]))) for i in some]
        readings.append(reader.model.encode(ink_batch(strokes, reader.device)))
        texts += [corpus.text(int(lines[i])) for i in some]
    return tune(reader.model, readings, texts, Search(beam, language_model=language_model)), len(lines)
