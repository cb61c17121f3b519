"""A corpus that is derived by a transformation, and the values that transformations and augmentations refuse."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader.augment import Augment
from data_loader.corpus import Corpus
from data_loader.transform import DERIVED, Transform, open_transformed
from tests.tiny import ink_line, write_corpus
from utils.errors import InputError


@pytest.mark.parametrize(
    ("kind", "args", "message"),
    [
        (Transform, {"simplify": 0}, r"transform\.simplify is 0; it must be from 0\.001 to 10"),
        (Transform, {"resample_distance": 1e-9}, "resample_distance"),
        (Transform, {"resample_seconds": float("nan")}, "resample_seconds is nan"),
        (Transform, {"smooth": 1e9}, "smooth"),
        (Transform, {"join_words": 1}, "join_words is 1"),
        (Transform, {"resample_distance": 1, "resample_seconds": 1}, "exclude each other"),
        (Augment, {"scale": 1.0}, r"augment\.scale is 1\.0; it must be from 0 to 0\.9"),
        (Augment, {"shear": -0.1}, "shear is -0.1"),
        (Augment, {"rotate": 181}, "rotate is 181"),
        (Augment, {"jitter": float("nan")}, "jitter is nan"),
        (Augment, {"reorder": 1.1}, "reorder is 1.1"),
        (Augment, {"bend": 0.6}, "bend is 0.6"),
        (Augment, {"speed": 2}, "speed is 2"),
        (Augment, {"join_lines": [1.5, 70]}, r"join_lines is \[1\.5, 70\]"),
        (Augment, {"join_lines": [0.5, 0]}, r"join_lines is \[0\.5, 0\]"),
        (Augment, {"crop_words": [0.5, 1.5]}, r"crop_words is \[0\.5, 1\.5\]"),
    ],
)
def test_values_that_make_no_sense_are_refused(kind: type, args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**args)


def derived(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / DERIVED).iterdir())


def test_a_corpus_is_derived_once_and_anew_when_it_or_the_transform_changes(tmp_path: Path) -> None:
    write_corpus(tmp_path / "c", [ink_line(n) for n in range(4)])
    transform = Transform(simplify=0.3)
    corpus = open_transformed("c", tmp_path, transform)
    written = (corpus.folder / "card.json").stat().st_mtime_ns
    for n in range(4):
        expected = transform.line(ink_line(n))
        np.testing.assert_array_equal(corpus.points(n), expected.points)
        assert corpus.id(n) == expected.id
    again = open_transformed("c", tmp_path, Transform(simplify=0.3))
    assert again.folder == corpus.folder and (again.folder / "card.json").stat().st_mtime_ns == written
    assert open_transformed("c", tmp_path, Transform(simplify=0.4)).folder != corpus.folder
    write_corpus(tmp_path / "c", [ink_line(n, text="ba") for n in range(4)])
    assert open_transformed("c", tmp_path, transform).text(0) == "ba" and len(derived(tmp_path)) == 3


@pytest.mark.parametrize("transform", [None, Transform()])
def test_a_corpus_without_transformations_is_opened_itself(tmp_path: Path, transform: Transform | None) -> None:
    write_corpus(tmp_path / "c", [ink_line(1)])
    assert open_transformed("c", tmp_path, transform).folder == tmp_path / "c"
    assert not (tmp_path / DERIVED).exists()


def test_a_damaged_derived_corpus_is_derived_again(tmp_path: Path) -> None:
    write_corpus(tmp_path / "c", [ink_line(n) for n in range(4)])
    corpus = open_transformed("c", tmp_path, Transform(smooth=1))
    card = json.loads((corpus.folder / "card.json").read_text())
    (corpus.folder / "points.bin").write_bytes(b"")
    assert len(open_transformed("c", tmp_path, Transform(smooth=1))) == 4
    assert Corpus(corpus.folder).card["sha256"] == card["sha256"]


def test_a_line_that_cannot_be_transformed_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    write_corpus(tmp_path / "c", [ink_line(1), replace(ink_line(2), times=None)])
    with pytest.raises(InputError, match=r"^train-2: has no times; transform\.resample_seconds wants them"):
        open_transformed("c", tmp_path, Transform(resample_seconds=0.1))
    assert derived(tmp_path) == []
