"""From a recognizer's output to the likeliest texts: one beam search for both heads and a language model.

L lines, K texts of each next to each other, N frames, A alphabet; class A is the end of a text.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product, starmap
from typing import Protocol

import torch
from torch import Tensor

from model.language.ngram import NgramModel
from model.reading.attention_decoder import AttentionDecoder
from model.reading.ctc_prefix import CtcScorer
from model.reading.error_rates import character_edits, plain
from model.reading.recognizer import Reading, Seq2SeqRecognizer
from utils.errors import InputError
from utils.progress import progress

LM_WEIGHTS, LENGTH_BONUSES = (0.3, 0.5, 0.7, 0.9, 1.1, 1.3), (0.7, 1.4, 2.1)
"""Weights and bonuses that `tune` tries."""


@dataclass(frozen=True)
class Hypothesis:
    """A text read from a line.

    positions  its U characters' positions in the alphabet
    log_probs  U + 1 nats, of each character and the end given those before, by the ink alone: ctc_weight of the CTC
               head's and the rest of the decoder's
    score      nats, what the search made greatest: the sum of log_probs, and what language model and bonus add
    """

    positions: list[int]
    log_probs: list[float]
    score: float


class Scorer(Protocol):
    """Scores of the texts that a search follows: K of each of L lines, at first an empty one of each."""

    def next(self) -> Tensor:
        """Log-probabilities (L, K, A+1), float64, of each text's next character, or its end."""

    def follow(self, lines: Tensor, parents: Tensor, characters: Tensor) -> None:
        """Go on with these lines (L',), and of each with its texts `parents` (L', K') and one more character each."""


class AttentionScorer:
    """Scores by the decoder."""

    def __init__(self, decoder: AttentionDecoder, frames: Tensor, mask: Tensor) -> None:
        self.decoder, self.frames, self.mask, self.keys = decoder, frames, mask, decoder.key(frames)
        self.state = decoder.start(frames)
        self.before = torch.full((len(frames),), decoder.end, device=frames.device)

    def next(self) -> Tensor:
        logits, self.state = self.decoder.step(self.before, self.state, self.frames, self.keys, self.mask)
        return logits.double().log_softmax(-1).unflatten(0, (len(self.frames), -1))

    def follow(self, lines: Tensor, parents: Tensor, characters: Tensor) -> None:
        width = len(self.before) // len(self.frames)
        self.state = self.state.pick((lines.unsqueeze(1) * width + parents).flatten())
        if len(lines) < len(self.frames):
            self.frames, self.mask, self.keys = self.frames[lines], self.mask[lines], self.keys[lines]
        self.before = characters.flatten()


class LanguageScorer:
    """Scores by the language model."""

    def __init__(self, model: NgramModel, num_lines: int, device: torch.device) -> None:
        self.model, self.device = model, device
        self.texts: list[list[tuple[int, ...]]] = [[()]] * num_lines

    def next(self) -> Tensor:
        scores = torch.from_numpy(self.model.score_next([text for line in self.texts for text in line]))
        return scores.unflatten(0, (len(self.texts), -1)).to(self.device)

    def follow(self, lines: Tensor, parents: Tensor, characters: Tensor) -> None:
        chosen = zip(lines.tolist(), parents.tolist(), characters.tolist(), strict=True)
        self.texts = [
            [(*self.texts[line][text], character) for text, character in zip(texts, following, strict=True)]
            for line, texts, following in chosen
        ]


@dataclass(frozen=True)
class Search:
    """Settings of a beam search; what it makes greatest, by character and with the text's end.

    beam            texts that are followed next to each other
    ctc_weight      share of the CTC head's log-probability, the rest is the decoder's: 0 is pure attention, 1 the
                    prefix search of Graves (2008), None as the network was trained
    language_model  adds its log-probability, times lm_weight
    length_bonus    nats that each character adds

    Watanabe et al. (2017), eqs. 20 and 29. Raises InputError where a number is out of range.
    """

    beam: int = 8
    ctc_weight: float | None = None
    language_model: NgramModel | None = None
    lm_weight: float = 0.0
    length_bonus: float = 0.0

    def __post_init__(self) -> None:
        beam, lm_weight, bonus = self.beam, self.lm_weight, self.length_bonus
        if beam < 1 or not 0 <= lm_weight < math.inf or not math.isfinite(bonus):
            raise InputError(
                f"beam is {beam}, lm_weight {lm_weight}, length_bonus {bonus}; 1 or more, 0 or more, finite"
            )


def beam_search(model: Seq2SeqRecognizer, reading: Reading, search: Search) -> list[Hypothesis]:
    """Return the best text of each line, see `n_best_search`; an empty one, score -inf, of a line without any."""
    lines = n_best_search(model, reading, 1, search)
    return [line[0] if line else Hypothesis([], [], -math.inf) for line in lines]


@torch.inference_mode()
def n_best_search(model: Seq2SeqRecognizer, reading: Reading, n_best: int, search: Search) -> list[list[Hypothesis]]:
    """Return the n best texts of each line, the best first; with one text of pure attention it is greedy reading.

    No text is longer than its line has frames. (Whether the language model is of the network's alphabet is for
    `NgramModel.require_alphabet` to say.)

    Raises InputError where the network lacks a head.
    """
    scorers = _heads(model, reading, reading.ctc_weight if search.ctc_weight is None else search.ctc_weight)
    language = None
    if search.language_model is not None and search.lm_weight:
        language = LanguageScorer(search.language_model, len(reading.frames), reading.frames.device)
    texts = _Texts(reading.frame_mask.sum(1), search.beam, search.length_bonus, n_best)
    while True:
        read: Tensor = sum(share * scorer.next() for share, scorer in scorers)  # type: ignore[assignment]
        total = read + search.lm_weight * language.next() if language else read
        followed = texts.choose(read, total)
        if followed is None:
            return texts.best
        for _, scorer in [*scorers, (0, language)]:
            if scorer is not None:
                scorer.follow(*followed)


def _heads(model: Seq2SeqRecognizer, reading: Reading, ctc_weight: float) -> list[tuple[float, Scorer]]:
    """Return the scorers of texts by the ink, each with its share."""
    if not 0 <= ctc_weight <= 1:
        raise InputError(f"ctc_weight is {ctc_weight}; it must be between 0 and 1")
    scorers: list[tuple[float, Scorer]] = []
    if ctc_weight > 0:
        if reading.frame_logits is None:
            raise InputError(f"ctc_weight is {ctc_weight}, and this network has no CTC head; use 0")
        scorers.append((ctc_weight, CtcScorer(reading.frame_logits, reading.frame_mask)))
    if ctc_weight < 1:
        if model.decoder is None:
            raise InputError(f"ctc_weight is {ctc_weight}, and this network has no decoder; use 1")
        scorers.append((1 - ctc_weight, AttentionScorer(model.decoder, reading.frames, reading.frame_mask)))
    return scorers


class _Texts:
    """The texts that are followed, and of each line the n best ones that have ended, the best first.

    lines  (L,) the lines still open; of each of them frames (L,), and of each of its texts score (L, K), texts and
           log_probs (L, K, U); a score of -inf: nothing to follow
    """

    def __init__(self, frames: Tensor, beam: int, bonus: float, n_best: int) -> None:
        self.frames, self.beam, self.bonus, self.n_best = frames, beam, bonus, n_best
        self.lines = torch.arange(len(frames), device=frames.device)
        self.score = torch.zeros(len(frames), 1, dtype=torch.float64, device=frames.device)
        self.log_probs = self.score.new_zeros(len(frames), 1, 0)
        self.texts = self.log_probs.long()
        self.best: list[list[Hypothesis]] = [[] for _ in frames]

    def choose(self, read: Tensor, total: Tensor) -> tuple[Tensor, Tensor, Tensor] | None:
        """Follow the best of the texts and next characters (L, K, A+1): lines (L',), parents, characters (L', K').

        None when every line has its best texts: no open one could still become better than the last of them.
        """
        end, left = total.shape[2] - 1, self.frames - self.texts.shape[2]
        total = total + self.score.unsqueeze(2)
        total[..., :end] += self.bonus
        total[..., :end].masked_fill_((left <= 0)[:, None, None], -torch.inf)
        total = total.masked_fill(self.score.isneginf().unsqueeze(2), -torch.inf).flatten(1)
        self.score, chosen = total.topk(min(self.beam, total.shape[1]))
        parents, characters = chosen // (end + 1), chosen % (end + 1)
        self.texts = _longer(self.texts, parents, characters)
        self.log_probs = _longer(self.log_probs, parents, read.flatten(1).gather(1, chosen))
        self._keep_ended(characters == end)
        self.score = self.score.masked_fill(characters == end, -torch.inf)
        hope = self.score.amax(1) + max(self.bonus, 0) * (left - 1)
        beaten = self.score.new_tensor([self._to_beat(line) for line in self.lines.tolist()])
        going = (hope > beaten).nonzero().squeeze(1)
        if not len(going):
            return None
        for name in ("lines", "frames", "score", "texts", "log_probs"):
            setattr(self, name, getattr(self, name)[going])
        return going, parents[going], characters[going].clamp_max(end - 1)

    def _to_beat(self, line: int) -> float:
        """The score above which a text is among the n best of the line."""
        best = self.best[line]
        return best[-1].score if len(best) == self.n_best else -math.inf

    def _keep_ended(self, ended: Tensor) -> None:
        """Keep the texts (L, K) that have just ended and are among the n best of their line so far."""
        rows, places = (ended & ~self.score.isneginf()).nonzero(as_tuple=True)
        scores = self.score[rows, places].tolist()
        for row, place, score in zip(rows.tolist(), places.tolist(), scores, strict=True):
            line = int(self.lines[row])
            if score > self._to_beat(line):
                positions, log_probs = self.texts[row, place], self.log_probs[row, place]
                self.best[line].append(Hypothesis(positions[:-1].tolist(), log_probs.tolist(), score))
                self.best[line].sort(key=lambda hypothesis: -hypothesis.score)
                del self.best[line][self.n_best :]


def _longer(before: Tensor, parents: Tensor, last: Tensor) -> Tensor:
    """Return the rows `parents` (L, K') of (L, K, U), each one longer by `last` (L, K')."""
    rows = before.gather(1, parents.unsqueeze(2).expand(-1, -1, before.shape[2]))
    return torch.cat([rows, last.unsqueeze(2)], 2)


def tune(
    model: Seq2SeqRecognizer,
    readings: Sequence[Reading],
    texts: Sequence[str],
    search: Search,
    *,
    lm_weights: Sequence[float] = LM_WEIGHTS,
    length_bonuses: Sequence[float] = LENGTH_BONUSES,
) -> dict[tuple[float, float], float]:
    """Return character error rates of lines by (lm_weight, length_bonus), the lowest first; never tune on test lines.

    readings  batches as `Seq2SeqRecognizer.encode` makes them; texts: what their lines say, in order
    search    with a language model; its weight and bonus are not used
    It costs a search of all the lines for each pair.
    """
    assert search.language_model is not None
    alphabet, rates = search.language_model.alphabet, {}
    pairs = list(product(lm_weights, length_bonuses))
    for lm_weight, bonus in progress(pairs, len(pairs), "tuning", "search"):
        tried = replace(search, lm_weight=lm_weight, length_bonus=bonus)
        texts_read = [
            "".join(alphabet[position] for position in hypothesis.positions)
            for reading in readings
            for hypothesis in beam_search(model, reading, tried)
        ]
        compared = [(plain(read), plain(true)) for read, true in zip(texts_read, texts, strict=True)]
        size = sum(len(true) for _, true in compared)
        rates[lm_weight, bonus] = sum(starmap(character_edits, compared)) / max(size, 1)
    return dict(sorted(rates.items(), key=lambda item: item[1]))
