"""Metrics: like a loss a sum and the count that it is to be divided by, added up over all batches before dividing.

`name` is what a metric is called in logs; in validation "val_" is put before it.
"""

from collections.abc import Callable, Iterator
from itertools import starmap

import torch
from torch import Tensor

from base.batch import Batch
from model.reading.error_rates import character_edits, plain, word_edits
from model.reading.recognizer import Reading
from model.writing.mixture_density import (
    EndingMixture,
    Mixture,
    end_log_prob,
    expected_offset,
    last_log_prob,
    stroke_log_prob,
)


class NatsPerLine:
    """Negative log-likelihood of a line, in the units that the model was trained in."""

    name = "nats_per_line"

    def __call__(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        nats = -stroke_log_prob(output, batch.targets)
        return torch.where(batch.target_mask, nats, 0).sum(), torch.tensor(len(nats))


class EndOfStrokeNats:
    """The part of the pen lifts in the negative log-likelihood, nats per point."""

    name = "end_of_stroke_nats"

    def __call__(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        nats = -end_log_prob(output, batch.targets[..., 2])
        return torch.where(batch.target_mask, nats, 0).sum(), batch.target_mask.sum()


class EndOfLineNats:
    """The nats of which pen lift is the last, per line; 0 where the network has no output for it."""

    name = "end_of_line_nats"

    def __call__(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        lines = torch.tensor(len(batch.text))
        if not isinstance(output, EndingMixture):
            return torch.zeros(()), lines
        nats = -last_log_prob(output, batch.targets[..., 2], batch.target_mask)
        return torch.where(batch.target_mask, nats, 0).sum(), lines


class SumSquaredError:
    """Squared distance of the mixture's mean from the true offset, per point, in units of std."""

    name = "sse"

    def __call__(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        error = (expected_offset(output) - batch.targets[..., :2]).square().sum(-1)
        return torch.where(batch.target_mask, error, 0).sum(), batch.target_mask.sum()


class CharacterErrorRate:
    """Edits from the text read greedily to the true one, per true character; both brought to `plain` unless raw.

    raw: compare the texts as they are, without the rule for transcriptions.
    """

    name = "cer"

    def __init__(self, *, alphabet: str, raw: bool = False) -> None:
        self.alphabet, self.raw = alphabet, raw

    def __call__(self, output: Reading, batch: Batch) -> tuple[Tensor, Tensor]:
        pairs = list(self.texts(output, batch))
        return torch.tensor(sum(starmap(self.edits, pairs))), torch.tensor(sum(self.size(true) for _, true in pairs))

    def texts(self, output: Reading, batch: Batch) -> Iterator[tuple[str, str]]:
        """Yield the text that was read and the true one of each line."""
        lengths = batch.char_mask.sum(1).tolist()
        for read, true, length in zip(output.texts, batch.text.tolist(), lengths, strict=True):
            texts = ("".join(self.alphabet[position] for position in line) for line in (read, true[:length]))
            yield tuple(texts if self.raw else map(plain, texts))  # type: ignore[misc]

    edits = staticmethod(character_edits)
    size: Callable[[str], int] = staticmethod(len)


class WordErrorRate(CharacterErrorRate):
    """Edits by words, which spaces divide, from the text read greedily to the true one, per true word."""

    name = "wer"
    edits = staticmethod(word_edits)
    size = staticmethod(lambda text: len(text.split()))
