"""How much say a language model should have, found on lines to validate on."""

from pathlib import Path

import numpy as np
import torch

from data_loader.line_choice import splits_to_use
from data_loader.transform import open_transformed
from ink.strokes import points_to_strokes
from model.language.ngram import NgramModel
from model.reading.decoding import tune
from results.reading.lines import batch_of, batches, recognizer_of, transform_of
from results.trained import Loaded

SEED = 1


@torch.inference_mode()
def tune_on_corpus(
    loaded: Loaded,
    corpus_name: str | None,
    splits: list[str] | None,
    data_dir: Path,
    language_model: NgramModel,
    *,
    beam: int,
    num_lines: int,
) -> dict[tuple[float, float], float]:
    """Character error rates by (lm_weight, length_bonus), the lowest first, on lines of the splits drawn by lot.

    Splits are those for validation where none are named; a split that will be reported on must not be among them.

    Raises InputError where the network does not read, or the corpus is not there, or the alphabets differ.
    """
    model = recognizer_of(loaded)
    language_model.require_alphabet(loaded.facts["alphabet"])
    corpus = open_transformed(corpus_name or loaded.facts["corpus"], data_dir, transform_of(loaded))
    lines = corpus.lines_of(splits or splits_to_use(corpus, None, None)[1])
    lines = np.random.default_rng(SEED).permutation(lines)[:num_lines]
    readings, texts = [], []
    for some in batches(corpus.lengths[lines], 64):
        strokes = [points_to_strokes(corpus.points(int(lines[i])), loaded.facts["std"]) for i in some]
        readings.append(model.encode(batch_of(strokes, model)))
        texts += [corpus.text(int(lines[i])) for i in some]
    return tune(model, readings, texts, language_model, beam=beam)
