"""Texts for composed lines: numbers, dates, words in capitals, codes, signs at words, and punctuation."""

from collections.abc import Callable, Collection
from typing import TypeVar

import numpy as np

T = TypeVar("T")
TRIES = 6
"""Texts made until one has no character that the writer never wrote."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "May", "June", "July")
SIGNS = "@#&%$*+-=/<>!?^~_|:;.,"
SHORTEST_OF = 3
"""Words of which the shortest stands next to a sign."""
AFTER = {",": 0.5, ".": 0.26, ":": 0.06, ";": 0.06, "!": 0.06, "?": 0.06}
"""Shares of the marks that follow a word."""
AROUND = {('"', '"'): 0.4, ("(", ")"): 0.35, ("'", "'"): 0.15, ("[", "]"): 0.1}
"""Shares of the marks around a word."""


def number(rng: np.random.Generator) -> str:
    """A number as people write them: counts, amounts, percentages, times, telephone numbers."""
    digits = str(rng.integers(10 ** rng.integers(1, 7)))
    few, cents = str(rng.integers(1, 10 ** rng.integers(1, 4))), f"{rng.integers(100):02d}"
    forms: list[Callable[[], str]] = [
        lambda: digits,
        lambda: digits,
        lambda: f"{int(digits):,}",
        lambda: f"{few}.{cents}",
        lambda: f"${few}.{cents}",
        lambda: f"{rng.integers(101)}%",
        lambda: f"{rng.integers(1, 24)}:{rng.integers(60):02d}",
        lambda: f"{rng.integers(200, 1000)}-{rng.integers(10_000):04d}",
        lambda: f"({rng.integers(200, 1000)})",
        lambda: f"#{few}",
        lambda: f"{rng.integers(1, 10)}/{rng.integers(2, 10)}",
        lambda: f"{rng.integers(1, 99)}+{rng.integers(1, 99)}={rng.integers(2, 198)}",
        lambda: f"-{few}",
    ]
    return forms[rng.integers(len(forms))]()


def date(rng: np.random.Generator) -> str:
    """A date as people write them."""
    year, month, day = rng.integers(1900, 2031), rng.integers(1, 13), rng.integers(1, 29)
    forms = [
        f"{month}/{day}/{year % 100:02d}",
        f"{month:02d}/{day:02d}/{year}",
        f"{day}.{month}.{year}",
        f"{year}-{month:02d}-{day:02d}",
        f"{day}-{MONTHS[rng.integers(len(MONTHS))]}-{year % 100:02d}",
        f"{MONTHS[rng.integers(len(MONTHS))]}. {day}, {year}",
        f"{day} {MONTHS[rng.integers(len(MONTHS))]} {year}",
        str(year),
    ]
    return forms[rng.integers(len(forms))]


def code(rng: np.random.Generator, characters: Collection[str]) -> str:
    """A few random characters of `characters` with a sign among them: part numbers, addresses, seldom letters."""
    letters = sorted(character for character in characters if character.isalnum())
    signs = sorted(character for character in characters if character in SIGNS)
    if not letters:
        return ""
    text = [letters[rng.integers(len(letters))] for _ in range(rng.integers(2, 7))]
    if signs:
        text.insert(rng.integers(1, len(text) + 1), signs[rng.integers(len(signs))])
    return "".join(text)


def sign(rng: np.random.Generator, words: Callable[[], str]) -> str:
    """A sign where people put it: in an address, next to a number, between or around words."""
    word, other = (min((words() for _ in range(SHORTEST_OF)), key=len).lower() for _ in range(2))
    count, half = rng.integers(1, 60), rng.integers(1, 10)
    forms = [f"{word}@{other}.org", f"{word}@{other}", f"{word} & {other}", f"{word}/{other}", f"{word}_{other}"]
    forms += [f"[{word}]", f"{{{word}}}", f"<{word}>", f"* {word}", f"{word}*", f"~{count}", f"{count}%", f"${count}"]
    forms += [f"#{count}", f"{count}+{half}", f"= {count}", f"{count}^{half}", f"{word}|{other}", f"`{word}`"]
    return forms[rng.integers(len(forms))]


def text_of(kind: str, rng: np.random.Generator, characters: Collection[str], words: Callable[[], str]) -> str | None:
    """A text of this kind that has none but these characters and spaces, or None where a few tries made none.

    words: gives some word, which capitals and what stands at a sign are made of.
    """
    makers: dict[str, Callable[[], str]] = {
        "words": lambda: words().lower(),
        "numbers": lambda: number(rng),
        "dates": lambda: date(rng),
        "capitals": lambda: words().upper(),
        "codes": lambda: code(rng, characters),
        "signs": lambda: sign(rng, words),
    }
    for _ in range(TRIES):
        text = makers[kind]()
        if text and all(character == " " or character in characters for character in text):
            return text
    return None


def punctuation(rng: np.random.Generator, characters: Collection[str], share: float) -> tuple[str, str]:
    """Marks before and after a word, of these characters; so often as `share` says there are any."""
    chance = rng.random()
    if chance > share:
        return "", ""
    if chance < 0.2 * share:
        pairs = {pair: weight for pair, weight in AROUND.items() if {*pair} <= {*characters}}
        return pick(rng, pairs) or ("", "")
    return "", pick(rng, {mark: weight for mark, weight in AFTER.items() if mark in characters}) or ""


def pick(rng: np.random.Generator, weights: dict[T, float]) -> T | None:
    """A key drawn by its weight; None without any."""
    if not weights:
        return None
    totals = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(totals, rng.random() * totals[-1], side="right"))]
