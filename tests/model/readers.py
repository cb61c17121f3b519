"""Small recognizers with lively weights, and their readings by brute force, for the tests of reading."""

import itertools
import math

import torch
from torch import Tensor

from model.reading.recognizer import Reading, Seq2SeqRecognizer
from tests.model.small import ALPHABET_SIZE, stir


def recognizer(ctc_weight: float = 0.4, alphabet_size: int = ALPHABET_SIZE, **arguments) -> Seq2SeqRecognizer:
    """A recognizer of two layers, half as many frames as points, whose every weight is at work; in evaluation."""
    torch.manual_seed(4)
    sizes = {"hidden_sizes": [4, 3], "joins": [1, 2], "decoder_size": 5, "embedding_size": 3, "attention_size": 4}
    arguments = {**sizes, "dropout": 0.0, **arguments}
    return stir(Seq2SeqRecognizer(alphabet_size=alphabet_size, ctc_weight=ctc_weight, **arguments), 0.8).eval()


def random_reading(lengths: list[int], model: Seq2SeqRecognizer, seed: int = 0, sharpness: float = 2.0) -> Reading:
    """Random frames of lines of so many frames, float64, and random logits for the CTC head, padded with noise."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    size = model.encoder.layers[-1].forward_lstm.hidden_size * 2
    frames = torch.randn(*mask.shape, size, generator=generator, dtype=torch.float64)
    classes = (model.ctc or model.decoder.embedding).weight.shape[0]
    logits = sharpness * torch.randn(*mask.shape, classes, generator=generator, dtype=torch.float64)
    return Reading(frames, mask, logits if model.ctc else None, None, None, model.ctc_weight)


def one_line(reading: Reading, line: int) -> Reading:
    """One line of a reading without any padding."""
    real = reading.frame_mask[line]
    frames, logits = (
        part if part is None else part[line : line + 1, real] for part in (reading.frames, reading.frame_logits)
    )
    return Reading(frames, real[real].unsqueeze(0), logits, None, None, reading.ctc_weight)


def collapsed(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    """The text of a path: repeats and blanks taken out."""
    return tuple(key for key, _ in itertools.groupby(path) if key != blank)


def ctc_texts(logits: Tensor) -> dict[tuple[int, ...], float]:
    """The probability of every text that frames (N, A+1) can show: all their paths, added up."""
    probs, texts = logits.double().softmax(-1).tolist(), {}
    for path in itertools.product(range(len(probs[0])), repeat=len(probs)):
        text = collapsed(path, len(probs[0]) - 1)
        texts[text] = texts.get(text, 0) + math.prod(frame[shown] for frame, shown in zip(probs, path, strict=True))
    return texts
