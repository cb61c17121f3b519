"""A trained network as its checkpoint has it, with the facts of its data; results/roles.py says what each can do."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
import torch

from base.base_model import BaseModel
from data_loader.line_choice import ALL_SPLITS
from data_loader.transform import Transform
from ink.alphabet import Alphabet
from ink.strokes import MAX_COORDINATE, InkLine, points_to_strokes, strokes_to_points
from utils.checkpoint import BUNDLED_FOLDER
from utils.errors import InputError

Ability = Literal[
    "write", "write lines", "write characters", "read", "read lines", "read characters", "compare handwriting"
]
"""Something that a network can do; "characters" are single ones, each a drawing of its own."""
BUNDLED: dict[Ability, str] = {
    "write": "writer-iam.pt",
    "write lines": "writer-iam.pt",
    "write characters": "digits.pt",
    "read": "reader.pt",
    "read lines": "reader.pt",
    "read characters": "digit_recognition.pt",
    "compare handwriting": "embedding.pt",
}
"""Checkpoints in saved/pretrained/ to try, by what they can do."""
FOLDER = BUNDLED_FOLDER
MAX_POINTS = 10_000
"""Points per line that a network takes at most; a full line of handwriting has some hundreds."""
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, eq=False, repr=False)
class TrainedModel(Generic[Model]):
    """A trained network and the facts of its data; the role that it is loaded as adds its verbs.

    model   on its device, in evaluation mode
    facts   see `utils.checkpoint.FACTS`
    config  the whole config of its training
    path    the checkpoint, or the run directory that holds it
    """

    model: Model
    facts: dict[str, Any]
    config: dict[str, Any]
    path: Path

    abilities: ClassVar[tuple[Ability, ...]] = ()
    """Everything that a role can do."""
    does: ClassVar[str] = "neither writes nor reads"
    """The abilities for people, in the third person."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path}: {self.arch}, {self.model.num_parameters:,} parameters)"

    def can(self, ability: Ability) -> bool:
        """True if the network can do this."""
        return ability in self.abilities

    def require(self, ability: Ability) -> None:
        """Raise InputError, with a bundled checkpoint to try, unless the network can do this."""
        if not self.can(ability):
            raise InputError(
                f"{self.path}: {self.arch} {self.does}; it does not {ability}; "
                f"try -r saved/pretrained/{BUNDLED[ability]}"
            )

    def write(self, *_: Any, **__: Any) -> Any:
        """Write a text; see `results.writing.writer.Writer`."""
        self.require("write")

    def write_copies(self, *_: Any, **__: Any) -> Any:
        """Write a text several times; see `results.writing.writer.Writer`."""
        self.require("write")

    def read(self, *_: Any, **__: Any) -> Any:
        """Read ink; see `results.reading.reader.Reader` and `results.reading.classifier.Classifier`."""
        self.require("read")

    def evaluate(self, *_: Any, **__: Any) -> Any:
        """Measure the network on splits of a corpus: an object whose `numbers` are plain data."""
        raise InputError(f"{self.path}: {self.arch} {self.does}; there is nothing to evaluate")

    @property
    def arch(self) -> str:
        """Name of the network's class, as a config has it."""
        return self.config["arch"]["type"]

    @property
    def corpus(self) -> str:
        """Name of the corpus that the network was trained on."""
        return self.facts["corpus"]

    @cached_property
    def alphabet(self) -> Alphabet:
        """The characters that the network knows."""
        return Alphabet(self.facts["alphabet"])

    @property
    def std(self) -> tuple[float, float]:
        """Per-axis standard deviation of its training offsets, in the data set's units."""
        x, y = self.facts["std"]
        return x, y

    @cached_property
    def transform(self) -> Transform:
        """The transformation of the ink that the network was trained on.

        Raises InputError where this version does not know it.
        """
        try:
            return Transform(**self.facts.get("transform", {}))
        except (TypeError, ValueError) as error:
            raise InputError(f"{self.path}: its ink was transformed in a way unknown here ({error})") from None

    @property
    def device(self) -> torch.device:
        """The device that the network is on."""
        return next(self.model.parameters()).device

    @property
    def digits(self) -> list[int | str] | None:
        """The texts that its training lines were chosen by; None: all of the corpus."""
        return self._loading.get("digits")

    @property
    def characters(self) -> str:
        """The characters that the network was trained on: those that its config names, or the whole alphabet."""
        return self.alphabet.characters if self.digits is None else "".join(map(str, self.digits))

    def validated_on(self, corpus: str | None) -> list[str] | None:
        """The splits that the network was validated on, where its config names them and `corpus` (None: its own) is
        one that it was trained on; else None.

        Raises InputError where it was trained on all lines of that corpus.
        """
        own, corpora = self._loading.get("valid"), self._loading.get("corpus")
        entries = corpora if isinstance(corpora, list) else [{"corpus": self.corpus}]
        entries = [entry for entry in entries if entry["corpus"] == (corpus or self.corpus)]
        if any(entry.get("train", self._loading.get("train")) == ALL_SPLITS for entry in entries):
            where = f"{corpus or self.corpus}: {self.path}"
            raise InputError(f"{where} was trained on all of its lines; name others by --corpus or --split")
        return next(filter(None, (entry.get("valid", own) for entry in entries)), None)

    @property
    def _loading(self) -> dict[str, Any]:
        """Arguments of the data loader that it was trained with."""
        return self.config.get("data_loader", {}).get("args", {})

    def points(self, strokes: np.ndarray) -> np.ndarray:
        """Points (T, 3) in the data set's units from strokes (T, 3) in the network's."""
        return strokes_to_points(strokes, self.std)

    def strokes(self, points: np.ndarray) -> np.ndarray:
        """Strokes (T, 3) in the network's units from points (T, 3) in the data set's."""
        return points_to_strokes(points, self.std)

    def prepared(self, line: InkLine, spacing: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Points (T', 3) of a line, transformed as the network's training ink, and for each of its own points the
        position (T,) among these; `spacing` times as far apart as in training.

        Raises InputError where its ink cannot be used: fewer than two points, not finite, or too many.
        """
        points = line.points
        if points.ndim != 2 or points.shape[1] != 3 or len(points) < 2:
            raise InputError(
                f"{line.id}: points of shape {points.shape}; a line of ink has two or more points of x, y, end"
            )
        if not (np.abs(points) <= MAX_COORDINATE).all():
            raise InputError(f"{line.id}: has coordinates that are not finite or beyond +-{MAX_COORDINATE:g}")
        number = np.arange(len(points), dtype=np.float64)
        clock = number if self.transform.resample_seconds is None else line.times
        # A transformation keeps the times of all points, so a clock that counts points tells where each has gone.
        changed = self.transform.spaced(spacing).line(replace(line, times=clock))
        if len(changed.points) > MAX_POINTS:
            raise InputError(
                f"{line.id}: {len(changed.points):,} points are more than the {MAX_POINTS:,} of a very long line: it "
                "is a drawing, or several lines of text that are to be cut"
            )
        assert clock is not None and changed.times is not None
        kept = np.interp(changed.times, clock, number)
        return changed.points, np.rint(np.interp(number, kept, np.arange(len(kept)))).astype(np.int64)


def bundled(ability: Ability) -> Path:
    """Return the path of the bundled checkpoint that can do this."""
    return FOLDER / BUNDLED[ability]
