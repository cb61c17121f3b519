"""The characters that a corpus has and a network can write: positions 0..A-1 in code point order."""

import unicodedata
from collections.abc import Collection, Iterable

import numpy as np

from utils.errors import InputError

STAND_INS = {
    "‘": "'", "’": "'", "‚": ",", "‛": "'", "′": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
    "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "−": "-",
    "…": "...", "\u00a0": " ", "\t": " ", "•": "-", "×": "x", "÷": "/",
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "@": " at ", "&": " and ", "%": " percent", "[": "(", "]": ")", "{": "(", "}": ")",
    "€": "EUR", "£": "GBP", "¥": "JPY", "¢": "c", "№": "No.",
    "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "≤": "<=", "≥": ">=",
    "\u00ad": "", "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "",
}  # fmt: skip
"""Stand-ins that a human reader takes for the same, for characters that cannot be written; "" for what has no width."""


class Alphabet:
    """Text to positions and back."""

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = "".join(sorted(set(characters)))
        self.position = {character: index for index, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def missing(self, text: str) -> list[str]:
        """The characters of `text` that are not in the alphabet, each once, in order."""
        return [character for character in dict.fromkeys(text) if character not in self.position]

    def encode(self, text: str) -> np.ndarray:
        """Positions (U,) int64 of an NFC text.

        Raises InputError naming the characters that are not in the alphabet.
        """
        missing = self.missing(text)
        if missing:
            named = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in missing[:10])
            more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
            raise InputError(f"this model cannot write {named}{more}; its alphabet is: {self.characters!r}")
        return np.array([self.position[character] for character in text], np.int64)

    def decode(self, positions: Iterable[int]) -> str:
        """The text of positions (U,)."""
        return "".join(self.characters[position] for position in positions)

    def substitute(self, text: str, keep: Collection[str] = ()) -> tuple[str, dict[str, str]]:
        """The text in NFC with stand-ins for what cannot be written, and which were used: {"é": "e", "…": "..."}.

        The characters `keep` and what has no stand-in stay as they are, for `encode` to name.
        """
        text = unicodedata.normalize("NFC", text)
        used = {character: self._stand_in(character) for character in self.missing(text) if character not in keep}
        used = {character: stand_in for character, stand_in in used.items() if stand_in != character}
        return "".join(used.get(character, character) for character in text), used

    def _stand_in(self, character: str) -> str:
        bare = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
        for candidate in (STAND_INS.get(character), bare or None):
            if candidate is not None and not self.missing(candidate):
                return candidate
        return character
