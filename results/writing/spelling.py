"""Spelling of a text for a network that does not know all of its characters, and what is drawn instead."""

import unicodedata
from functools import cached_property
from typing import Any

from base.base_model import Sample
from ink.alphabet import STAND_INS, Alphabet
from results.trained import TrainedModel
from results.writing.marks import bare, with_marks
from results.writing.signs import LETTERS, SIGNS, spelled, with_signs

MIN_DRAWINGS = 30
"""Drawings of a character below which a writer hardly knows it: of those that were drawn 0, 1 to 9, 10 to 29, and 30 to
99 times, conditional.pt writes 0, 17, 67 and 78 % so that one of two readers reads them; of those drawn more, 85 %."""
OFTEN = 0.5
"""Share of texts in which a character is read right below which a writer hardly knows it."""
NEARLY_ALWAYS = 0.9
"""Share of texts in which a sign is read right below which it is drawn; docs/writing.md has what that gives by sign."""
ALIKE = {character: STAND_INS[character] for character in "‘’′“”″‐‑−"}
"""Characters that people write in the same way as their stand-ins."""


class Spelling:
    """The characters that a network knows, those that it knows well, and those that are drawn in its ink."""

    def __init__(self, alphabet: Alphabet, facts: dict[str, Any]) -> None:
        self.alphabet, self.facts = alphabet, facts

    @cached_property
    def well_known(self) -> Alphabet:
        """The characters that people drew MIN_DRAWINGS times or more in the ink that the network learned from, and that
        it writes legibly in OFTEN of the texts with them, where `results.measuring.characters` measured that.

        All characters, where its checkpoint is older than such counts, or none is.
        """
        known = self._known(OFTEN)
        return Alphabet(known) if known.strip() else self.alphabet

    def _known(self, often: float) -> str:
        """Return the characters with enough drawings that are read right in this share of the texts."""
        known = self.alphabet.characters
        for name, enough, usual in (("characters", MIN_DRAWINGS, 0), ("read_right", often, 1.0)):
            if isinstance(counts := self.facts.get(name), dict):
                known = "".join(each for each in known if _number(counts.get(each), usual) >= enough)
        return known

    @cached_property
    def signs(self) -> frozenset[str]:
        """The signs that are drawn: those of SIGNS that the network does not write NEARLY_ALWAYS right."""
        able = self.letter and " " in self.alphabet.position
        return frozenset(SIGNS).difference(self._known(NEARLY_ALWAYS)) if able else frozenset()

    @cached_property
    def letter(self) -> str:
        """The letter that is written in place of a sign; "" where none of LETTERS is known."""
        return next((letter for letter in LETTERS if letter in self.alphabet.position), "")

    def plain(self, text: str) -> str:
        """Return what the network is given to write an NFC text, without the marks and signs that are drawn."""
        known = self.alphabet.position
        alike = {each: ALIKE[each] for each in self.alphabet.missing(text) if ALIKE.get(each, "") in known}
        text = "".join(alike.get(each, each) for each in text)
        return bare(spelled(text, self.signs, self.letter)[0], self.alphabet)

    def substitute(self, text: str) -> tuple[str, dict[str, str]]:
        """Return the text with stand-ins for what is not well known, and which were used, see `Alphabet.substitute`.

        Marks and signs that are drawn stay.
        """
        text = unicodedata.normalize("NFC", text)
        drawn = {*text} - {*bare(text, self.alphabet)} | self.signs
        able, used = self.well_known.substitute(text, drawn)
        able, more = self.alphabet.substitute(able, drawn)
        return able, used | more

    def finished(self, network: TrainedModel, sample: Sample, text: str, unit: float | None, seed: int) -> Sample:
        """Return a line that was written as `plain(text)` with the signs and marks of the text, the same by each seed.

        unit  the x-height in the data set's units; None: that of the ink
        """
        return with_marks(network, with_signs(network, sample, text, self.signs, unit, seed), text, unit, seed)


def _number(value: Any, usual: float) -> float:
    """Return a value of a checkpoint, or the usual one where it is none or no number."""
    return value if isinstance(value, int | float) else usual
