"""Words, numbers and the like in which people put a character, made from a seed."""

import re
from collections.abc import Collection

import numpy as np

from data_loader.composed_text import date, number
from results.measuring.texts import TextMaker

MAX_CHARS = 9
"""Characters of a word and of a number, at most."""
TRIES = 60
"""Numbers and dates made until one has the character."""
PATTERNS = {
    "!": ["w!", "W!", "w w!"],
    '"': ['"w"', '"W"', '"w w"'],
    "#": ["#N", "no. #N", "#w"],
    "$": ["$N", "$N.NN", "N $"],
    "%": ["N%", "N.N%", "N %"],
    "&": ["W & W", "w & w", "C&C"],
    "'": ["w's", "W's", "'w'"],
    "(": ["(w)", "(N)", "w (w)"],
    ")": ["(w)", "(N)", "N) w"],
    "*": ["* w", "N*N", "w*"],
    "+": ["N+N", "+NN NNN", "w + w"],
    ",": ["w, w", "W, w", "N,NNN"],
    "-": ["w-w", "N-N", "-N"],
    ".": ["w.", "C. W", "N.N"],
    "/": ["w/w", "N/N", "N/N/NN"],
    ":": ["w: w", "N:NN", "W:"],
    ";": ["w; w", "N; N", "w;"],
    "<": ["N < N", "c < N", "<w>"],
    "=": ["N = N", "c = N", "N+N=N"],
    ">": ["N > N", "c > N", "<w>"],
    "?": ["w?", "W?", "w w?"],
    "@": ["w@w.com", "@w", "N @ $N"],
    "[": ["[w]", "[N]", "[C]"],
    "\\": ["C:\\w", "w\\w", "\\w"],
    "]": ["[w]", "[N]", "[C]"],
    "^": ["c^N", "N^N", "C^N"],
    "_": ["w_w", "c_N", "w_N"],
    "`": ["`w`", "`c`", "`w w`"],
    "{": ["{w}", "{N}", "{C}"],
    "|": ["|c|", "w | w", "N | N"],
    "}": ["{w}", "{N}", "{C}"],
    "~": ["~N", "w ~ w", "~w"],
}
"""Places of each sign: w and W are a word and a capitalised word, N digits, c and C a letter."""


class CharacterTexts:
    """Makes texts, of some characters alone, that have a given one."""

    def __init__(self, characters: Collection[str]) -> None:
        self.characters = frozenset(characters)
        maker = TextMaker(characters)
        short = [[w for w in words if len(w) <= MAX_CHARS] for words in (maker.lower, maker.titles, maker.capitals)]
        self.lower, self.titles, self.capitals = short

    def texts(self, character: str, count: int, seed: int) -> list[str]:
        """Return texts that have the character, each a function of the seed and its number; fewer, or none, without
        the others that it needs.
        """
        made = (
            self._text(character, number, np.random.default_rng((seed, ord(character), number)))
            for number in range(count)
        )
        return [text for text in made if text]

    def _text(self, character: str, place: int, rng: np.random.Generator) -> str:
        if character in PATTERNS:
            texts = [self._filled(PATTERNS[character][(place + k) % 3], rng) for k in range(3)]
        elif character.isdigit():
            texts = [date(rng) if place % 3 == 2 else number(rng) for _ in range(TRIES)]
        else:
            kinds = [self.lower] if character.islower() else [self.titles, self.capitals]
            words = [word for word in kinds[place % len(kinds)] if character in word]
            initial = f"{character}. " if character.isupper() and place % 3 == 2 else ""
            texts = [initial + word for word in rng.permutation(words or [character]).tolist()]
        fitting = (text for text in texts if character in text and len(text) <= 2 * MAX_CHARS)
        return next((text for text in fitting if self.characters.issuperset(text)), "")

    def _filled(self, pattern: str, rng: np.random.Generator) -> str:
        """Return a pattern with words, digits and letters in place; "" without a word for it."""
        letters = {"N": [*"123456789"], "c": [*"abcxyz"], "C": [*"ABCDXYZ"]}
        choices = {"w": self.lower, "W": self.titles, **letters}
        if any(mark in pattern and not words for mark, words in choices.items()):
            return ""
        # The suffix of an address and the abbreviation of a number are no places for words.
        parts = re.split(r"(com|no\.|'s|[wWNcC])", pattern)
        return "".join(str(rng.choice(choices[part])) if part in choices else part for part in parts)
