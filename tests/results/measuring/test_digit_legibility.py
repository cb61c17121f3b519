"""Legibility and variety of what a network writes, with a reader and a writer whose every answer is known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from base.base_model import Sample
from base.batch import Batch
from ink.strokes import InkLine
from model.reading.classifier import StrokeClassifier
from model.writing.class_conditional import ClassConditionalHandwriting
from results.measuring import digit_legibility as legibility
from results.measuring.digit_legibility import class_diversity, digit_legibility, legibility_table, pen_path
from results.roles import in_role
from results.writing.digits import CharacterWriter
from tests.tiny import ink_line, write_corpus
from utils.errors import InputError

STD = [2.0, 4.0]


class Steps(StrokeClassifier):
    """Reads a drawing as the class of as many points as it has beyond two."""

    def forward(self, batch: Batch) -> torch.Tensor:
        return 9.0 * torch.nn.functional.one_hot(batch.stroke_mask.sum(1) - 2, 10).float()


def loaded(model: Any, name: str, **changes: Any) -> Any:
    facts = {"corpus": "tiny", "alphabet": "0123456789", "std": STD, "points_per_char": 20.0, "transform": {}}
    config: dict[str, Any] = {"arch": {"type": name}, "data_loader": {"args": {"digits": [1, 2, 3]}}}
    return in_role(model, {**facts, **changes}, config, Path(f"{name}.pt"))


READER = loaded(Steps(alphabet_size=10, hidden_size=1), "reader")
WRITER = loaded(ClassConditionalHandwriting(alphabet_size=10, hidden_size=2, num_mixtures=1), "writer")


def stub_draw(networks: list[CharacterWriter], characters: str, seeds: list[int], bias: float) -> list[Sample]:
    """Ink of the points that make its class; but with bias 0 of every fifth digit one more, ended by the cap."""
    drawn = []
    for job, (character, seed) in enumerate(zip(characters, seeds, strict=True)):
        wrong = bias == 0 and job % 5 == 0
        ink = np.random.default_rng(seed).normal(size=(int(character) + 2 + wrong, 3))
        ink[0], ink[:, 2], ink[-1, 2] = 0, 0, 1
        drawn.append(Sample(ink.astype(np.float32), None, not wrong))
    return drawn


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A corpus whose validation lines are of so many points as their class wants, but for one 3; a 4 beside them."""
    texts = ["1", "1", "2", "2", "3", "3", "3", "4"]
    lines = [ink_line(k, points=int(text) + 2, text=text, split="valid") for k, text in enumerate(texts)]
    lines[4] = replace(lines[4], points=lines[0].points, times=lines[0].times)
    write_corpus(tmp_path / "tiny", [ink_line(9, text="1"), *lines])
    return tmp_path


def test_written_and_real_digits_are_counted_alike(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legibility, "draw_characters", stub_draw)
    numbers = digit_legibility(WRITER, READER, n=30, biases=(0, 1), data_dir=data_dir)
    assert (numbers["n_lines_real"], numbers["accuracy_real"]) == (7, pytest.approx(6 / 7))
    assert numbers["by_class_real"]["3"] == {"lines": 3, "right": 2}
    free, sure = numbers["biases"]
    assert (free["bias"], free["accuracy"], free["capped"]) == (0, 0.8, 0.2)
    assert (sure["bias"], sure["accuracy"], sure["capped"]) == (1, 1, 0)
    assert {name: row["lines"] for name, row in sure["by_class"].items()} == {"1": 10, "2": 10, "3": 10}
    assert numbers["diversity_real"] > 0 and free["diversity"] > 0
    header, rows = legibility_table(numbers)
    assert [row[0] for row in rows] == ["real", "bias 0", "bias 1"] and {len(row) for row in rows} == {len(header)}
    assert "80.0%" in rows[1] and "20.0%" in rows[1]


def test_a_network_that_was_never_trained_is_measured_too(data_dir: Path) -> None:
    torch.manual_seed(1)
    reader = loaded(StrokeClassifier(alphabet_size=10, hidden_size=4).eval(), "reader")
    options: dict[str, Any] = {"n": 12, "biases": (0.5,), "data_dir": data_dir}
    row, other_row = (digit_legibility(WRITER, reader, **options, seed=seed)["biases"][0] for seed in (1, 2))
    assert row == digit_legibility(WRITER, reader, **options)["biases"][0]
    assert 0 <= row["accuracy"] <= 1 and row["n_lines"] == 12 and row["diversity"] != other_row["diversity"]


def test_of_single_drawings_there_is_no_diversity(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legibility, "draw_characters", stub_draw)
    only_four = replace(WRITER, config={**WRITER.config, "data_loader": {"args": {"digits": [4]}}})
    with pytest.raises(InputError, match="no split other"):
        digit_legibility(WRITER, READER, n=6, biases=(1,), splits=["other"], data_dir=data_dir)
    numbers = digit_legibility(only_four, READER, n=4, biases=(1,), data_dir=data_dir)
    assert numbers["diversity_real"] is None and numbers["biases"][0]["diversity"] > 0
    assert legibility_table(numbers)[1][0][-2:] == ["", ""]


def test_diversity_is_the_mean_distance_of_all_pairs() -> None:
    drawings = [ink_line(seed, points=5 + seed).points for seed in range(4)]
    paths = [pen_path(points) for points in drawings]
    pairs = [np.hypot(*(paths[i] - paths[j]).T).mean() for i in range(4) for j in range(i)]
    assert class_diversity(drawings) == pytest.approx(np.mean(pairs))
    moved = drawings[0] * [3, 3, 1] + [50, -7, 0]
    assert class_diversity([drawings[0], moved]) == pytest.approx(0, abs=1e-6)


def test_a_path_is_even_in_the_way_of_the_pen() -> None:
    path = pen_path(np.array([[0, 0, 0], [1, 0, 0], [31, 0, 1]], np.float32))
    assert path.shape == (16, 2) and np.allclose(np.diff(path, axis=0), np.diff(path, axis=0)[0])
    assert np.square(path).sum(1).mean() == pytest.approx(1) and path.mean(0) == pytest.approx([0, 0])
    assert (pen_path(np.ones((2, 3), np.float32)) == 0).all()


def test_bad_input_is_named(data_dir: Path) -> None:
    rare = replace(WRITER, config={**WRITER.config, "data_loader": {"args": {"digits": [9]}}})
    few = loaded(READER.model, "few", alphabet="12")
    for writer, reader, options, named in (
        (READER, READER, {}, "reader reads a single character per drawing; it does not write characters"),
        (WRITER, WRITER, {}, "writer writes single characters; it does not read characters"),
        (WRITER, few, {}, "few.pt: it does not know '3', which writer.pt writes"),
        (rare, READER, {}, "no line of valid is one of 9"),
        (WRITER, READER, {"n": 5}, "n is 5; of 3 classes at least two each must be written: 6"),
        (WRITER, READER, {"biases": (-1,)}, "bias is -1"),
        (WRITER, READER, {"data_dir": data_dir / "none"}, "no prepared corpus"),
    ):
        with pytest.raises(InputError, match=named):
            digit_legibility(writer, reader, **{"data_dir": data_dir, **options})


def test_the_ink_is_in_the_units_of_its_corpus(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    lines_read: list[InkLine] = []
    monkeypatch.setattr(legibility, "draw_characters", stub_draw)
    monkeypatch.setattr(legibility, "_measured", lambda reader, lines: lines_read.extend(lines) or {})
    digit_legibility(WRITER, READER, n=6, biases=(1,), data_dir=data_dir)
    (sample,) = stub_draw([], "1", [1_000_003], 1)
    assert np.allclose(np.diff(lines_read[7].points[:, :2], axis=0), sample.strokes[1:, :2] * STD, atol=1e-5)
