"""A recognizer that learns within a second to read letters of one straight stroke each, and ink for it."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from base.batch import Batch
from data_loader.batching import collate
from ink.alphabet import Alphabet
from ink.strokes import InkLine, points_to_strokes
from model.loss import ReadingLoss
from model.reading.recognizer import Seq2SeqRecognizer
from results.reading.reader import Reader

ALPHABET = "abcdefg"
POINTS_A_LETTER = 8
STD = [5.0, 4.0]
RESAMPLED: dict[str, Any] = {"normalise_baseline": True, "resample_distance": 0.4}
"""A transform of the ink before it is read."""
SIZES: dict[str, Any] = {"hidden_sizes": [16, 16], "joins": [2, 2], "decoder_size": 24, "attention_size": 16}


def line_of(text: str, seed: int = 0, **labels: Any) -> InkLine:
    """A line of letters side by side, each a stroke of eight points in a direction of its own, a little unsteady."""
    rng = np.random.default_rng((seed, len(text)))
    ink = np.zeros((len(text), POINTS_A_LETTER, 3))
    angles = 2 * np.pi * np.array([ALPHABET.index(letter) for letter in text]) / len(ALPHABET)
    path = np.linspace(-15, 15, POINTS_A_LETTER)
    ink[..., 0] = np.cos(angles)[:, None] * path + 40 * np.arange(len(text))[:, None]
    ink[..., 1] = np.sin(angles)[:, None] * path
    ink[..., :2] += rng.normal(0, 0.5, ink[..., :2].shape)
    ink[:, -1, 2] = 1
    whole = {"id": f"{text}-{seed}", "text": text, "writer": "", "split": ""} | labels
    return InkLine(points=ink.reshape(-1, 3).astype(np.float32), **whole)


def some_lines(*lengths: int) -> list[InkLine]:
    """Lines of random letters, so many."""
    rng = np.random.default_rng(sum(lengths))
    return [line_of("".join(rng.choice(list(ALPHABET), length)), seed) for seed, length in enumerate(lengths)]


def batch_of_lines(lines: list[InkLine]) -> Batch:
    """The lines with their texts."""
    texts = [torch.from_numpy(Alphabet(ALPHABET).encode(line.text)) for line in lines]
    strokes = [torch.from_numpy(points_to_strokes(line.points, (STD[0], STD[1]))) for line in lines]
    return collate([(line.id, *parts) for line, *parts in zip(lines, strokes, texts, strict=True)])


@cache
def taught() -> dict[str, torch.Tensor]:
    """Weights of a recognizer with both heads that can read such lines."""
    torch.manual_seed(1)
    model = Seq2SeqRecognizer(alphabet_size=len(ALPHABET), ctc_weight=0.5, dropout=0.0, **SIZES)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    rng = np.random.default_rng(1)
    for _ in range(130):
        batch = batch_of_lines(some_lines(*rng.integers(1, 9, 10).tolist()))
        total, count = ReadingLoss(attention_guide=0.3)(model(batch), batch)
        optimizer.zero_grad()
        (total / count).backward()
        optimizer.step()
    return model.state_dict()


def recognizer(ctc_weight: float = 0.5, transform: dict[str, Any] | None = None) -> Reader:
    """The network as `load` gives it; with ctc_weight 0 or 1 the other head is taken off."""
    args = {**SIZES, "ctc_weight": ctc_weight}
    model = Seq2SeqRecognizer(alphabet_size=len(ALPHABET), **args)
    model.load_state_dict({name: taught()[name] for name in model.state_dict()})
    facts = {"corpus": "letters", "alphabet": ALPHABET, "std": STD, "transform": transform or {}}
    return Reader(model.eval(), facts, {"arch": {"type": "Seq2SeqRecognizer", "args": args}}, Path("taught.pt"))


def straight_line(num_points: int) -> InkLine:
    """One stroke from left to right, with ups and downs that have an x-height."""
    x = np.arange(num_points)
    points = np.column_stack([x, 20 * np.sin(x / 5), x == num_points - 1])
    return InkLine("straight", "", "", "", points.astype(np.float32))
