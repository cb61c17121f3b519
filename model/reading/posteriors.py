"""The probability of a line's text and of each of its words, by a recognizer alone or by a language model too.

L lines, N frames, U characters, A alphabet; class A is the blank.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from model.reading.ctc_alignment import ctc_alignment
from model.reading.decoding import Search, n_best_search
from model.reading.recognizer import Reading, Seq2SeqRecognizer

Span = tuple[int, int]
"""First character of a word in its text, and the one after its last."""
Piece = tuple[Tensor, list[tuple[int, ...]]]
"""Log-probabilities (N, A+1) of some frames of a line, and the texts in them that count as the same."""
BY_INK = Search(beam=8, ctc_weight=1.0)
"""The search for texts of a word's ink; with its beam the number of other texts is limited, spaces not counted."""

UNLISTED = 0.25
"""The share, of the listed texts' mean weight by the language model, of texts that a word's ink may show and are not
listed; chosen on 20 writers of UNIPEN, see docs/reading.md."""


@dataclass(frozen=True)
class TextPosterior:
    """Log-probabilities of a line's text and of each of its words, at most 0.

    line    spaces at its ends do not count
    words   of each word given that its ink is that between the spaces around it, these included; by the ink alone at
            least the line's
    others  of each word, other texts of its ink by positions, the most probable first
    """

    line: float
    words: list[float]
    others: list[dict[tuple[int, ...], float]] = field(default_factory=list)


def word_spans(text: Sequence[int], space: int | None) -> list[Span]:
    """Return the words of a text of positions (U,): what is between spaces; without a space it is one word."""
    cuts = [-1, *(u for u, character in enumerate(text) if character == space), len(text)]
    spans = [(before + 1, after) for before, after in pairwise(cuts)]
    return [(first, after) for first, after in spans if after > first]


def text_posteriors(
    model: Seq2SeqRecognizer,
    reading: Reading,
    texts: Sequence[list[int]],
    space: int | None,
    *,
    search: Search = BY_INK,
    others: int = 0,
) -> list[TextPosterior]:
    """Return how probable each line's text (U,) and its words are, and up to `others` other texts of each word's ink.

    It is by the CTC head over all alignments (Graves et al., 2006, section 4.1) where there is one, else by the
    decoder, character by character, without other texts.

    With the language model of a `search`, a word and the likeliest other texts of its ink are as probable as the
    exponential of what the search makes greatest, each in the line as it was read; all texts that are not listed count
    together, by what the ink leaves for them (`UNLISTED`). The line has the product of its words. By a network without
    CTC head it is by the ink alone.
    """
    spans = [word_spans(text, space) for text in texts]
    if reading.frame_logits is None:
        explained = [log_probs.tolist() for log_probs, _ in model.explain(reading, list(texts))]
        return [
            TextPosterior(sum(nats), [sum(nats[first : after + 1]) for first, after in words], [{} for _ in words])
            for nats, words in zip(explained, spans, strict=True)
        ]
    lines: list[Piece] = []
    inks: list[_WordInk] = []
    for frames, text, own in zip(_frames(reading), texts, spans, strict=True):
        lines.append((frames, _open_ends(_stripped(text, space), _edge(space))))
        inks += _word_inks(frames, tuple(text), own, space)
    language = search.language_model is not None and search.lm_weight > 0
    candidates = _candidates(model, reading, inks, space) if others or language else [[ink.text] for ink in inks]
    nats = iter(_sums([ink.piece(text) for ink, some in zip(inks, candidates, strict=True) for text in some]))
    scores = [{text: next(nats) for text in some} for some in candidates]
    by_line = _sums(lines)
    whole = [line for line, own in zip(by_line, spans, strict=True) for _ in own]
    for ink, some, line in zip(inks, scores, whole, strict=True):
        some[ink.text] = max(some[ink.text], line)  # a word's frames are cut off; a line that is right has it right
    if language:
        scores = _with_language(scores, inks, search)
    words = iter([(some.pop(ink.text), some) for ink, some in zip(inks, scores, strict=True)])
    posteriors = []
    for line, own in zip(by_line, spans, strict=True):
        read = [next(words) for _ in own]
        sure = [word for word, _ in read]
        ranked = [dict(sorted(some.items(), key=lambda item: -item[1])[:others]) for _, some in read]
        posteriors.append(TextPosterior(sum(sure) if language and own else line, sure, ranked))
    return posteriors


def _with_language(
    scores: list[dict[tuple[int, ...], float]], inks: list["_WordInk"], search: Search
) -> list[dict[tuple[int, ...], float]]:
    """Return log-probabilities of each word's texts by ink and language model from those by its ink.

    A text counts with its own characters and those after it that the language model's context reaches.
    """
    assert search.language_model is not None
    reach = len(search.language_model.levels)
    spans = []
    for ink, some in zip(inks, scores, strict=True):
        first, after = ink.span
        for text in some:
            line = (*ink.line[:first], *text, *ink.line[after:])
            spans.append((line, first, min(first + len(text) + reach - 1, len(line) + 1)))
    nats = iter(search.language_model.score_spans(spans))
    weighted = [
        {text: ink + search.lm_weight * next(nats) + search.length_bonus * len(text) for text, ink in some.items()}
        for some in scores
    ]
    return [
        {
            text: nats - max(_log_sum(some), -sys.float_info.max) + _listed(_log_sum(by_ink))
            for text, nats in some.items()
        }
        for some, by_ink in zip(weighted, scores, strict=True)
    ]


def _log_sum(log_probs: dict[tuple[int, ...], float]) -> float:
    return float(np.logaddexp.reduce(list(log_probs.values())))


def _listed(by_ink: float) -> float:
    """Return the log-probability that a word is among its listed texts, t / (t + UNLISTED (1 - t)), from log t."""
    share = math.exp(min(by_ink, 0.0))
    return by_ink - math.log(share + UNLISTED * (1 - share))


def _sums(pieces: Sequence[Piece]) -> list[float]:
    """Return log-probabilities that frames show any of their texts."""
    each = [(frames, text) for frames, texts in pieces for text in texts]
    nats = iter(ctc_log_probs([frames for frames, _ in each], [text for _, text in each]))
    return [float(np.logaddexp.reduce([next(nats) for _ in texts])) for _, texts in pieces]


def ctc_log_probs(frames: Sequence[Tensor], texts: Sequence[Sequence[int]]) -> list[float]:
    """Return the log-probability of each text, over all its alignments with log-probabilities (N, A+1) of frames."""
    if not frames:
        return []
    lengths = torch.tensor([len(piece) for piece in frames])
    text_lengths = torch.tensor([len(text) for text in texts])
    flat = torch.tensor([position for text in texts for position in text], dtype=torch.int64)
    blank = frames[0].shape[1] - 1
    padded = pad_sequence(list(frames))  # L of (N, A+1) -> (N, L, A+1)
    return (-F.ctc_loss(padded, flat, lengths, text_lengths, blank=blank, reduction="none")).tolist()


def _candidates(
    model: Seq2SeqRecognizer, reading: Reading, inks: list["_WordInk"], space: int | None
) -> list[list[tuple[int, ...]]]:
    """Return each word's text, then the best other texts of its ink, without spaces at their ends."""
    if not inks:
        return []
    lengths = torch.tensor([len(ink.frames) for ink in inks])
    logits = pad_sequence([ink.frames for ink in inks], batch_first=True)  # W of (N, A+1) -> (W, N, A+1)
    mask = torch.arange(logits.shape[1]) < lengths.unsqueeze(1)
    words = replace(reading, frames=logits, frame_mask=mask, frame_logits=logits, attention=None)
    lines = n_best_search(model, words, BY_INK.beam, BY_INK)
    return [
        list(dict.fromkeys([ink.text, *filter(None, (_stripped(some.positions, space) for some in line))]))
        for ink, line in zip(inks, lines, strict=True)
    ]


def _stripped(text: Sequence[int], space: int | None) -> tuple[int, ...]:
    kept = [u for u, character in enumerate(text) if character != space]
    return tuple(text[kept[0] : kept[-1] + 1]) if kept else ()


def _frames(reading: Reading) -> list[Tensor]:
    """Log-probabilities (N, A+1) of each line's own frames, on the CPU."""
    assert reading.frame_logits is not None
    log_probs = reading.frame_logits.float().log_softmax(-1).cpu()
    return [line[:length] for line, length in zip(log_probs, reading.frame_mask.sum(1).tolist(), strict=True)]


class _WordInk(NamedTuple):
    """The frames of a word (N, A+1) with the spaces around it, its place in its line's text, and if it is at an end.

    With the spaces a word counts as sure only where it is sure that it begins and ends there; at the ends of a line
    it may have one or not.
    """

    frames: Tensor
    line: tuple[int, ...]
    span: Span
    edge: tuple[int, ...]
    begins: bool
    ends: bool

    @property
    def text(self) -> tuple[int, ...]:
        return self.line[self.span[0] : self.span[1]]

    def piece(self, text: tuple[int, ...]) -> Piece:
        """Return the frames with a text that they may show."""
        inner = (*(() if self.begins else self.edge), *text, *(() if self.ends else self.edge))
        return self.frames, _open_ends(inner, self.edge, self.begins, self.ends)


def _word_inks(frames: Tensor, text: tuple[int, ...], words: list[Span], space: int | None) -> Iterator[_WordInk]:
    """Yield the frames of each word of a line (N, A+1); the whole line where they are too few to show its text."""
    shown, edge = ctc_alignment(frames.double().numpy(), text), _edge(space)
    for number, (first, after) in enumerate(words):
        if (shown < 0).all():
            yield _WordInk(frames, text, (0, len(text)), edge, True, True)
            continue
        begins, ends = not number, number == len(words) - 1
        begin = 0 if begins else int(np.flatnonzero(shown == first - 1)[0])
        end = len(frames) if ends else int(np.flatnonzero(shown == after)[-1]) + 1
        yield _WordInk(frames[begin:end], text, (first, after), edge, begins, ends)


def _edge(space: int | None) -> tuple[int, ...]:
    return () if space is None else (space,)


def _open_ends(
    text: tuple[int, ...], edge: tuple[int, ...], begins: bool = True, ends: bool = True
) -> list[tuple[int, ...]]:
    """Return a text as it is and, where it begins or ends its line, with the edge, a space, there too."""
    befores, behinds = {(), edge} if begins else {()}, {(), edge} if ends else {()}
    return sorted({(*before, *text, *behind) for before, behind in product(befores, behinds)})
