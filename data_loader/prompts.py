"""Prompts: sentences to write by hand that together hold every character of an alphabet in the places where it comes.

They are chosen from a list written for this project. This is weighted set cover, where a character is worth less each
time that it comes again, and words cost: the best sentence is added, one by one (greedily; Chvatal, "A greedy heuristic
for the set-covering problem", 1979), and each is exchanged for a better one while there is any.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from utils.errors import InputError

SENTENCES = Path(__file__).with_suffix(".txt")
PRINTABLE = "".join(map(chr, range(32, 127)))
"""The alphabet where none is given: printable ASCII."""
ENOUGH = 2
"""Times that every character should be written."""
WORTH = np.array([0.0, 4.0, 6.4, 7.0, 7.3, 7.5])
"""Worth of a character that is written 0, 1, 2, ... times; more times are worth no more."""
OF_PLACE, OF_RARE_SIGN = 0.4, 0.5
"""Factors of that worth for a character in one of its places, and for one of RARE_SIGNS."""
RARE_SIGNS = frozenset(r"#*<>@[\]^_`{|}~")
"""Signs that few texts have: they need to be written once."""
PRICE = 0.5
"""Cost of a word."""
LUCK = 1.5
"""Largest random part of a sentence's cost, by which another seed chooses others."""
NAMED = 40
"""Characters that a note names at most."""


@dataclass(frozen=True)
class Prompts:
    """Sentences to write: made-up words first, then the others by their worth, so that a beginning may be enough.

    alphabet   the characters to be written
    made_up    those that no sentence of the list has, which are spelled in made-up words and numbers
    """

    sentences: list[str]
    alphabet: str
    made_up: str

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of times that the sentences have each character of the alphabet, without the space."""
        counts = Counter("".join(self.sentences))
        return {character: counts[character] for character in self.alphabet if character != " "}

    def notes(self) -> list[str]:
        """The amount to write, and the characters that come too seldom or in made-up words, in a line each."""
        words = sum(len(sentence.split()) for sentence in self.sentences)
        notes = [f"{len(self.sentences)} sentences, {words} words; the first hold most"]
        fewest = min(self.counts.values())
        if fewest >= ENOUGH:
            notes.append(f"every character at least {fewest} times")
        for times, how in enumerate(("never", "only once")):
            rare = [character for character, count in self.counts.items() if count == times]
            notes += [f"{how}: {_named(rare)}"] if rare else []
        if self.made_up:
            notes.append(f"in no sentence of the list, so in made-up words: {_named(list(self.made_up))}")
        return notes


def _named(characters: list[str]) -> str:
    more = f" and {len(characters) - NAMED} more" if len(characters) > NAMED else ""
    return " ".join(characters[:NAMED]) + more


def choose_prompts(count: int, alphabet: str = PRINTABLE, seed: int = 1) -> Prompts:
    """Return at most `count` sentences for an alphabet, the same for the same seed.

    Raises InputError where `count` is below 1 or the alphabet has nothing to write.
    """
    if count < 1:
        raise InputError(f"--n is {count}; it must be 1 or more")
    alphabet = "".join(sorted(set(alphabet)))
    if not alphabet.strip() or not alphabet.isprintable():
        raise InputError("the alphabet must have printable characters, and others than the space")
    rng = np.random.default_rng(seed)
    known = SENTENCES.read_text(encoding="utf-8").splitlines() if " " in alphabet else []
    sentences = [text for text in dict.fromkeys(fitted(sentence, alphabet) for sentence in known) if text]
    missing = "".join(sorted({*alphabet} - {" ", *"".join(sentences)}))
    first = made_up_lines(missing, alphabet, rng)[:count]
    return Prompts(first + covering(sentences, count - len(first), rng), alphabet, missing)


def fitted(sentence: str, alphabet: str) -> str | None:
    """A sentence in the characters of an alphabet, without marks around words and in the other case where need be.

    None where a word has other characters than these, such as a mark within it that the alphabet lacks.
    """
    words = []
    for word in sentence.split():
        foreign_marks = [character for character in word if not character.isalnum() and character not in alphabet]
        word = word.strip("".join(foreign_marks))
        words.append("".join(character if character in alphabet else character.swapcase() for character in word))
    is_whole = all(word and {*word} <= {*alphabet} for word in words)
    return " ".join(words) if is_whole else None


def places(text: str) -> Counter[str]:
    """Count each character of a text, "a", and each in its place in a word, "a first"."""
    counts: Counter[str] = Counter()
    for word in text.split():
        core = [at for at, character in enumerate(word) if character.isalnum()] or [len(word)]
        letters = [character for character in word if character.isalpha()]
        is_shouted = len(letters) > 1 and "".join(letters).isupper()
        is_date = any(character in "/:-" for character in word[core[0] : core[-1]])
        for at, character in enumerate(word):
            if character.isdigit():
                place = "in a date" if is_date else "in a number"
            elif character.isupper() and is_shouted:
                place = "in capitals"
            elif at in (core[0], core[-1]):
                place = "first" if at == core[0] else "last"
            else:
                place = "before" if at < core[0] else "behind" if at > core[-1] else "within"
            counts.update([character, f"{character} {place}"])
    return counts


class _Cover:
    """The worth of sets of sentences, by how often they have each character and each in its places; see `covering`."""

    def __init__(self, sentences: list[str], rng: np.random.Generator) -> None:
        counted = [places(sentence) for sentence in sentences]
        names = sorted(set().union(*counted))
        words = np.array([len(sentence.split()) for sentence in sentences])
        self.counts = np.array([[of[name] for name in names] for of in counted], np.int64)  # (sentences, names)
        self.factors = np.array(
            [(OF_PLACE if name[1:] else 1.0) * (OF_RARE_SIGN if name[0] in RARE_SIGNS else 1.0) for name in names]
        )
        self.enough = np.array([1 if name[0] in RARE_SIGNS else len(WORTH) - 1 for name in names])
        self.costs = PRICE * words + LUCK * rng.random(len(words))

    def best(self, written: np.ndarray, chosen: Sequence[int]) -> int:
        """The sentence that adds most where `written` (names,) is there already; none of those chosen."""
        gains = WORTH[np.minimum(written + self.counts, self.enough)] @ self.factors - self.costs
        gains[[*chosen]] = -np.inf
        return int(np.argmax(gains))

    def grown(self, count: int, among: Sequence[int] = ()) -> list[int]:
        """Choose `count` sentences (of `among`, if given), each time the best one."""
        chosen: list[int] = []
        others = [number for number in range(len(self.costs)) if among and number not in among]
        for _ in range(count):
            chosen.append(self.best(self.counts[chosen].sum(0), [*chosen, *others]))
        return chosen

    def exchanged(self, chosen: list[int]) -> list[int]:
        """Exchange each sentence for the best one, until none is better."""
        before: list[int] = []
        while chosen != before:
            before = chosen
            for place in range(len(chosen)):
                rest = chosen[:place] + chosen[place + 1 :]
                chosen = [*chosen[:place], self.best(self.counts[rest].sum(0), rest), *chosen[place + 1 :]]
        return chosen


def covering(sentences: list[str], count: int, rng: np.random.Generator) -> list[str]:
    """Choose `count` sentences, or all that there are, that are worth most together; the most useful first."""
    cover, count = _Cover(sentences, rng), min(count, len(sentences))
    chosen = cover.exchanged(cover.grown(count))
    return [sentences[number] for number in cover.grown(count, among=chosen)]


def made_up_lines(characters: str, alphabet: str, rng: np.random.Generator) -> list[str]:
    """Return lines of made-up words and numbers that have each of these characters twice, in other company.

    A capital begins a word, and comes in a word of capitals; a mark is behind a word. In an alphabet without a space
    each word is a line.
    """
    small = [character for character in alphabet if character.isalpha() and not character.isupper()]

    def some_letters() -> str:
        return "".join(rng.choice(small, 3)) if small else ""

    words: list[str] = []
    for turn in range(ENOUGH):
        order = "".join(rng.permutation(list(characters)))
        capitals = "".join(character for character in order if character.isupper())
        digits = "".join(character for character in order if character.isdigit())
        letters = "".join(character for character in order if character.isalpha() and not character.isupper())
        words += [capital + some_letters() for capital in capitals] if turn == 0 else _cut(capitals, 5)
        words += [*_cut(letters, 5), *_cut(digits, 4)]
        words += [some_letters() + mark for mark in order if not mark.isalpha() and not mark.isdigit()]
    return [" ".join(words[at : at + 6]) for at in range(0, len(words), 6)] if " " in alphabet else words


def _cut(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]
