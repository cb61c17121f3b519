"""Texts of all kinds that a network that writes practises on, of the words of a corpus."""

from collections.abc import Collection, Sequence

import numpy as np

from data_loader.composed_text import pick, punctuation, text_of
from utils.errors import InputError

KINDS = {
    **{"running": 0.3, "numbers": 0.14, "dates": 0.08, "capitals": 0.14, "capitalised": 0.09, "punctuated": 0.1},
    **{"signs": 0.1, "words": 0.05},
}
"""Usual shares of the kinds of text."""
MAX_CHARS = 42
LIMITS = (5, 32)
"""Range of a text's random limit of characters; a first word may go beyond it, up to MAX_CHARS."""
RUN = (1, 4)
"""Fewest and most successive words of a running text."""
CAPITALISED = 0.4
"""Share of running texts that begin with a capital."""


class PracticeTexts:
    """Makes texts of some characters alone, of words and runs of words of `texts`.

    kinds: of KINDS, with their usual shares among each other; None: all

    Raises InputError where the texts have no word of these characters.
    """

    def __init__(self, texts: Sequence[str], characters: Collection[str], kinds: Collection[str] | None = None) -> None:
        self.characters = frozenset(characters)
        self.kinds = {kind: share for kind, share in KINDS.items() if kinds is None or kind in kinds}
        lines = [[word for word in text.split() if self.characters.issuperset(word)] for text in texts]
        self.lines = [words for words in lines if words]
        words = {word.strip(".,;:!?\"'()") for words in self.lines for word in words}
        self.words = sorted(word for word in words if len(word) > 1 and word.isalpha())
        if not self.words:
            raise InputError("no line has a word of characters that the network knows; there is nothing to practise")

    def text(self, rng: np.random.Generator) -> str:
        """Return a text of a random kind, of at most MAX_CHARS characters."""
        kind = pick(rng, self.kinds) or "running"
        if kind == "running":
            words = self.lines[rng.integers(len(self.lines))]
            count = int(rng.integers(RUN[0], RUN[1] + 1))
            first = int(rng.integers(max(len(words) - count, 0) + 1))
            text = " ".join(words[first : first + count])
            text = text[:1].upper() + text[1:] if rng.random() < CAPITALISED else text
        else:
            limit, tokens = rng.integers(*LIMITS), [self._token(kind, rng)]
            while len(" ".join([*tokens, token := self._token(kind, rng)])) <= limit:
                tokens.append(token)
            text = " ".join(tokens)
        text = text[:MAX_CHARS].strip()
        return text if text and self.characters.issuperset(text) else self._word(rng)[:MAX_CHARS]

    def _word(self, rng: np.random.Generator) -> str:
        return self.words[rng.integers(len(self.words))]

    def _token(self, kind: str, rng: np.random.Generator) -> str:
        """Return a word, number, date or the like."""
        if kind in ("numbers", "dates", "capitals", "signs"):
            return text_of(kind, rng, self.characters, lambda: self._word(rng)) or self._word(rng)
        if kind == "capitalised":
            return self._word(rng).capitalize()
        if kind == "punctuated":
            before, after = punctuation(rng, self.characters, 1.0)
            return before + (self._word(rng) if rng.random() < 0.5 else self._word(rng).lower()) + after
        return self._word(rng).lower()
