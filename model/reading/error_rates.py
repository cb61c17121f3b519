"""Edits from a reading to the truth, by character and by word, and the one rule for transcriptions."""

import re

from rapidfuzz.distance import Levenshtein

BEFORE, AFTER = re.compile(r" +([,.;:!?)])"), re.compile(r"([(]) +")
ESCAPES = {"&quot;": '"', "&apos;": "'", "&amp;": "&"}


def plain(text: str) -> str:
    """The text under the rule that reference and reading are both brought to before they are compared.

    Escaped quotes and ampersands are unescaped; "#", the mark of a word struck out or unreadable, is taken out; no
    space before , . ; : ! ? ) or after (; single spaces, none at the ends.
    """
    for escaped, character in ESCAPES.items():
        text = text.replace(escaped, character)
    text = " ".join(text.replace("#", " ").split())
    return AFTER.sub(r"\1", BEFORE.sub(r"\1", text))


def character_edits(read: str, true: str) -> int:
    """Fewest characters to insert, delete or replace (Levenshtein)."""
    return int(Levenshtein.distance(read, true))


def word_edits(read: str, true: str) -> int:
    """Fewest words to insert, delete or replace; words are divided by spaces."""
    return int(Levenshtein.distance(read.split(), true.split()))
