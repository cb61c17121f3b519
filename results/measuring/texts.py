"""Texts of each kind that writers are judged on, made from a seed; and whether the text of a real line is of a kind."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from data_loader.composed_text import punctuation, text_of
from data_loader.kinds_of_text import KINDS as COMPOSED
from data_loader.synthetic.text import LEXICON

MIN_CHARS, MAX_CHARS = 12, 30
"""Range of a text's random limit of characters; a first word may go beyond it."""
TRIES = 20
"""Texts made until one is of its kind."""
RARE = "jqxzJKQUVXYZ"
"""Rare letters; words of each are as frequent as those of every other."""
ENDINGS = 'xtifj?!:"'
"""Last characters of lines, in turn: letters of which a stroke or a dot comes late, and signs."""
MORE_WORDS = """fjord banjo ninja jury enjoy hijack eject squid quote unique request opaque sequel technique oxygen
    galaxy index syntax wax tax six mix fix suffix pixel luxury zebra horizon cozy hazel breeze bazaar glaze ski alibi
    safari bikini khaki confetti broccoli deli if half leaf shelf belief proof chief raj hajj taj Andrej Matej Jasper
    Jakob Kenneth Karen Keith Quito Qatar Quincy Ulrich Ukraine Utah Uri Vienna Victor Venice Valerie Xenia Xerxes
    Yemen Yorick Yasmin Zambia Zeno Zelda"""
"""Words with rare letters and ends that the built-in corpus has few of."""
LISTS = [*(LEXICON[kind] for kind in LEXICON.keys() - {"unit", "end"}), MORE_WORDS]
WORDS = sorted({word for words in LISTS for word in words.split() if word.isalpha() and len(word) > 1})


class Kind(NamedTuple):
    """A kind of text: its name for people, and a test of a text.

    split  the one with such lines in a corpus of `data_loader.kinds_of_text`; None: whichever
    """

    title: str
    fits: Callable[[str], bool]
    split: str | None = None


def _has_letters_alone(text: str) -> bool:
    return text.replace(" ", "").isalpha()


def _is_capitalised(text: str) -> bool:
    return _has_letters_alone(text) and all(word == word.capitalize() for word in text.split())


KINDS = {
    "lower": Kind("lower case", lambda text: _has_letters_alone(text) and text.islower(), "words"),
    "capitalised": Kind("Capitalised", _is_capitalised),
    "capitals": Kind("CAPITALS", COMPOSED["capitals"][2], "capitals"),
    "numbers": Kind("numbers", COMPOSED["numbers"][2], "numbers"),
    "dates": Kind("dates", COMPOSED["dates"][2], "dates"),
    "rare": Kind("rare letters", lambda text: _has_letters_alone(text) and not {*RARE}.isdisjoint(text)),
    "punctuation": Kind("punctuation", COMPOSED["punctuation"][2], "punctuation"),
    "endings": Kind("line ends", lambda text: text.endswith(tuple(ENDINGS))),
}
"""Kinds of text by name."""


class TextMaker:
    """Makes texts of some characters alone; without the space among them, of one word or number."""

    def __init__(self, characters: Collection[str]) -> None:
        self.characters = frozenset(characters)
        self.words = self._known(WORDS)
        self.lower = [word for word in self.words if word.islower()]
        self.titles = self._known([word.capitalize() for word in WORDS])
        self.capitals = self._known([word.upper() for word in WORDS])
        self.rare = list(filter(None, ([word for word in self.words if letter in word] for letter in RARE)))
        quotes, signs = [f'"{word}"' for word in self.lower], [word + sign for word in self.lower for sign in "?!:"]
        last = self._known([*self.words, *quotes, *signs])
        self.endings = list(filter(None, ([word for word in last if word.endswith(end)] for end in ENDINGS)))

    def _known(self, words: Sequence[str]) -> list[str]:
        return [word for word in words if self.characters.issuperset(word)]

    def texts(self, kind: str, count: int, seed: int) -> list[str]:
        """Return texts of a kind, each a function of the seed and its number; fewer, or none, without the characters
        for it.
        """
        place = list(KINDS).index(kind)
        made = (self._text(kind, number, np.random.default_rng((seed, place, number))) for number in range(count))
        return [text for text in made if text]

    def _text(self, kind: str, number: int, rng: np.random.Generator) -> str | None:
        """Return a text of a kind, or None where a few tries made none."""
        for _ in range(TRIES):
            is_ending = kind == "endings" and self.endings
            tokens = [_some(rng, self.endings[number % len(self.endings)])] if is_ending else []
            limit = rng.integers(MIN_CHARS, MAX_CHARS + 1)
            while token := self._token(kind, rng):
                if tokens and (" " not in self.characters or len(" ".join([token, *tokens])) > limit):
                    break
                tokens.insert(0, token)
            text = " ".join(tokens)
            if KINDS[kind].fits(text) and self.characters.issuperset(text):
                return text
        return None

    def _token(self, kind: str, rng: np.random.Generator) -> str:
        """Return a word, number or date; "" where there is none."""
        if kind in ("numbers", "dates"):
            return text_of(kind, rng, self.characters, str) or ""
        if kind == "rare":
            return _some(rng, self.rare[rng.integers(len(self.rare))]) if self.rare else ""
        word = _some(rng, {"capitalised": self.titles, "capitals": self.capitals}.get(kind, self.lower))
        before, after = punctuation(rng, self.characters, 1.0) if kind == "punctuation" else ("", "")
        return word and before + word + after


def _some(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))] if words else ""
