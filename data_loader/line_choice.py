"""Splits and rules for outliers choose the lines of a corpus to train on and to validate."""

from dataclasses import asdict, dataclass

import numpy as np

from data_loader.corpus import Corpus
from ink.strokes import points_to_strokes
from utils.errors import InputError, at_least

ALL_SPLITS = ["*"]
FEW_LINES = 5
"""Lines below which a trained network learns the strokes of a handwriting, and hardly the shapes of its letters."""
DEFAULT_SPLITS = [(["train"], ["valid"]), (["trainset"], ["testset_v"])]


def splits_to_use(corpus: Corpus, train: list[str] | None, valid: list[str] | None) -> tuple[list[str], list[str]]:
    """Return the named splits, or those that corpora commonly have: (train, valid); valid [] validates nothing.

    Train ["*"] names all splits that are not validated. Raises InputError where they are unknown, empty or share a
    split.
    """
    for usual_train, usual_valid in DEFAULT_SPLITS:
        if {*usual_train, *usual_valid} <= set(corpus.split_names):
            train, valid = usual_train if train is None else train, usual_valid if valid is None else valid
    if train == ALL_SPLITS:
        train = [split for split in corpus.split_names if split not in (valid or [])]
    where = f"{corpus.folder}: its splits are {', '.join(corpus.split_names)}"
    if not train or valid is None:
        raise InputError(f"{where}; name some as data_loader.args.train and data_loader.args.valid, or with --split")
    if set(train) & set(valid):
        raise InputError(f"{where}; {', '.join(set(train) & set(valid))} cannot be for both training and validation")
    for split in (train, valid):
        corpus.lines_of(split)
    return train, valid


def notes_on_few(lines: int) -> list[str]:
    """Return a sentence on what a trained network can learn from this number of lines, where they are few."""
    if lines >= FEW_LINES:
        return []
    counted = "1 line" if lines == 1 else f"{lines} lines"
    return [
        f"{counted} to go on learning from: slant, strokes and the letters that are there become alike; 15 lines teach "
        "more"
    ]


def lines_of_digits(corpus: Corpus, splits: list[str], digits: list[int | str] | None) -> np.ndarray:
    """Positions of these splits' lines whose text is one of the digits; of all lines where `digits` is None.

    Raises InputError where there is none of a digit.
    """
    lines = corpus.lines_of(splits)
    if digits is None:
        return lines
    texts = np.array([corpus.text(int(line)) for line in lines])
    wanted = [str(digit) for digit in digits]
    missing = sorted(set(wanted) - set(texts.tolist()))
    if missing or not wanted:
        known = ", ".join(sorted(set(texts.tolist()))[:20])
        raise InputError(
            f"{corpus.folder}: data_loader.args.digits is {digits}, and the text of no line of {', '.join(splits)} is "
            f"{', '.join(missing) or 'such a digit'}; its texts: {known}"
        )
    return lines[np.isin(texts, wanted)]


def characters_of(corpus: Corpus, lines: np.ndarray) -> np.ndarray:
    """Characters of each line's transcription: int64."""
    return corpus.text_lengths[lines]


def longest_moves(corpus: Corpus, lines: np.ndarray, std: tuple[float, float]) -> np.ndarray:
    """Longest move from point to point of each line, pen lifts included, in units of std: float32."""
    strokes = (points_to_strokes(corpus.points(line), std) for line in lines)
    return np.array([np.hypot(offsets[:, 0], offsets[:, 1]).max() for offsets in strokes])


@dataclass(frozen=True)
class Rules:
    """Rules for outliers among training lines; None is no rule.

    max_points       lines of more points are left out
    points_per_char  [lowest, highest]: lines outside are left out
    max_jump         lines with a longer move from point to point, in units of std, are left out
    """

    max_points: int | None = None
    points_per_char: list[float] | None = None
    max_jump: float | None = None

    def __post_init__(self) -> None:
        at_least(1, max_points=self.max_points)
        at_least(0, max_jump=self.max_jump)
        if self.points_per_char is not None and len(self.points_per_char) != 2:
            raise ValueError(f"points_per_char is {self.points_per_char}; it must be two numbers, [lowest, highest]")

    def apply(self, corpus: Corpus, lines: np.ndarray, std: tuple[float, float]) -> tuple[np.ndarray, dict[str, int]]:
        """Return the lines that pass, and how many each rule leaves out.

        Lines without text are left out where others have one. Raises InputError where no line remains.
        """
        lengths, characters = corpus.lengths[lines], characters_of(corpus, lines)
        density = lengths / np.maximum(characters, 1)
        lowest, highest = self.points_per_char or [0.0, np.inf]
        rules = {
            "no text": (characters == 0) & characters.any(),
            "max_points": lengths > (self.max_points or np.inf),
            "points_per_char": (characters > 0) & ((density < lowest) | (density > highest)),
        }
        if self.max_jump is not None:
            rules["max_jump"] = longest_moves(corpus, lines, std) > self.max_jump
        dropped = np.logical_or.reduce(list(rules.values()))
        if dropped.all():
            given = ", ".join(name for name, value in asdict(self).items() if value is not None)
            raise InputError(f"{corpus.folder}: the rules leave no line to train on ({given})")
        return lines[~dropped], {rule: int(hit.sum()) for rule, hit in rules.items() if hit.any()}
