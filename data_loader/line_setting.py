"""Sets words and single characters of one writer side by side as a line."""

from collections.abc import Callable

import numpy as np

from data_loader.composed_text import pick, punctuation, text_of
from data_loader.writer_ink import WriterInk

WORD_GAP, WORD_GAP_SPREAD = 1.6, 0.25
"""x-heights of paper between words, median, and the standard deviation of its logarithm, from line to line and again
within a line; lines whose gaps tell the words have 1.9 (UNIPEN) and 1.7 (IAM-OnDB), with 0.3 within a line."""
CHARACTER_GAP, CHARACTER_GAP_SPREAD = 0.25, 0.35
"""Heights of a capital between single characters, likewise; 1,178 pairs of digits in UNIPEN's texts have 0.28."""
LOWER_GAP = 0.45
"""Share of that gap between lower-case letters and before a mark."""
MAX_GAP = 0.4
"""Share of the gap between words that is the largest between characters, so that words stay apart."""
USUAL_CAPITAL = 1.7
"""x-heights that a capital is high, as people write; gaps are wider of those who make them higher."""
APART = 1.4
"""A gap between words is this many times the widest one within the words at its sides, or wider."""
MAX_DECK = 100
"""Most words of a line that are drawn at once."""
UNSTEADY = 0.05
"""x-heights that words are above or below the baseline, standard deviation; characters half of it."""
OTHER_KIND = 0.12
"""Share of a line's words that are of another kind than the line."""


class LineSetter:
    """Sets one line of a writer's ink from left to right.

    lexicon: gives some word, to be spelled in the writer's characters.
    """

    def __init__(
        self,
        ink: WriterInk,
        rng: np.random.Generator,
        kinds: dict[str, float],
        punctuation_share: float,
        lexicon: Callable[[np.random.Generator], str],
    ) -> None:
        self.ink, self.rng, self.kinds, self.lexicon = ink, rng, kinds, lexicon
        self.punctuation_share = punctuation_share
        size = ink.x_height * (1 + ink.capital_height / USUAL_CAPITAL) / 2
        self.word_gap = size * WORD_GAP * self._varied(WORD_GAP_SPREAD)
        gap = size * USUAL_CAPITAL * CHARACTER_GAP * self._varied(CHARACTER_GAP_SPREAD)
        self.character_gap = min(gap, 0.75 * MAX_GAP * self.word_gap)
        self.right, self.inner_gap = 0.0, 0.0
        self.drawn: list[np.ndarray] = []
        self.texts: list[str] = []
        self.deck: list[int] = []

    def _varied(self, spread: float) -> float:
        return float(np.exp(spread * self.rng.standard_normal()))

    def line(self, count: int) -> tuple[np.ndarray, str]:
        """Points (T, 3) float32 and text of a line of `count` words and numbers."""
        kind = pick(self.rng, self.kinds) or "words"
        for place in range(count):
            other = self.rng.random() < OTHER_KIND
            self._token((pick(self.rng, self.kinds) or kind) if other else kind, is_last=place == count - 1)
        points = np.concatenate(self.drawn).astype(np.float32)
        return points, " ".join(self.texts)

    def _token(self, kind: str, *, is_last: bool) -> None:
        """Set a word, number or the like, a gap before it, with the marks around it."""
        ink, rng = self.ink, self.rng
        known = ink.lines_of
        spelled = None
        if known and (kind != "words" or not len(ink.word_lines)):
            spelled = text_of(kind, rng, known, lambda: self.lexicon(rng))
        if spelled is None and not len(ink.word_lines):
            spelled = "".join(rng.choice(sorted(known), rng.integers(1, 6)))
        word, inner = None, 0.0
        if spelled is None:
            line = self._next_word()
            spelled, word = ink.words.corpus.text(line), ink.word(line)
            inner = float(ink.words.measures["gap"][line])
        if self.drawn:
            gap = self.word_gap * max(self._varied(WORD_GAP_SPREAD), 0.75)
            self.right += max(gap, APART * max(inner, self.inner_gap))
        self.inner_gap = inner
        before, after = ("", "")
        if kind in ("words", "capitals") and known:
            before, after = punctuation(rng, known, self.punctuation_share)
            after = "." if is_last and not after and "." in known and rng.random() < self.punctuation_share else after
        self._characters(before)
        if word is not None:
            self._place(word, UNSTEADY)
        else:
            self._characters(spelled)
        self._characters(after, continues=True)
        self.texts.append(before + spelled + after)

    def _next_word(self) -> int:
        """One of the writer's words, each once in a line where there are enough."""
        if not self.deck:
            self.deck = self.rng.permutation(self.ink.word_lines)[:MAX_DECK].tolist()
        return self.deck.pop()

    def _characters(self, text: str, *, continues: bool = False) -> None:
        """Set single characters; `continues` after what is set already, a gap between."""
        for place, character in enumerate(text):
            if character == " ":
                self.right += self.word_gap
                continue
            if place or continues:
                narrow = character.islower() or not character.isalnum()
                gap = self.character_gap * self._varied(CHARACTER_GAP_SPREAD) * (LOWER_GAP if narrow else 1.0)
                self.right += min(gap, MAX_GAP * self.word_gap)
            self._place(self.ink.character(character, self.rng), UNSTEADY / 2)

    def _place(self, points: np.ndarray, unsteady: float) -> None:
        points[:, 0] += self.right
        points[:, 1] += unsteady * self.ink.x_height * self.rng.standard_normal()
        self.right = float(points[:, 0].max())
        self.drawn.append(points)
