"""The numbers of evaluate are those of a plain loop over lines and points, and its groups add up to the whole."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from base.batch import Batch
from data_loader.corpus import Corpus
from model.writing.conditional import ConditionalHandwriting
from model.writing.mixture_density import EndingMixture
from render.figures.error_bars import MAX_NAMES
from results.figures.evaluation import density_figure
from results.measuring.likelihood import line_sums
from results.measuring.likelihood_scores import GRAVES, LineSums, likelihood_table, ratio_error, scores
from results.writing.writer import Writer
from tests.model.small import covariance, lines, stir
from tests.tiny import ink_line, write_corpus
from utils.errors import InputError

STD, UNIT = (6.0, 5.0), (41.954, 37.124)
WRITERS = ("ann", "ann", "bob", "cid", "bob", "ann", "bob")
FACTS = {"corpus": "whole", "alphabet": "ab", "std": list(STD)}
MEASURES = ("nats_per_line", "nats_per_point", "end_of_stroke_nats", "sse", "lattice_bits_per_point")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven lines of three writers on whole numbers, and the same a tenth of a unit beside them."""
    data_dir = tmp_path_factory.mktemp("data")
    inks = [ink_line(n, points=8 + 3 * n, split="valid", writer=writer) for n, writer in enumerate(WRITERS)]
    write_corpus(data_dir / "whole", inks)
    write_corpus(data_dir / "other", [replace(ink, points=ink.points + np.float32([0.1, 0.1, 0])) for ink in inks])
    path = data_dir / "whole" / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"source": "iam-ondb"}))
    return data_dir


@pytest.fixture(scope="module")
def model() -> ConditionalHandwriting:
    return stir(ConditionalHandwriting(alphabet_size=2, hidden_size=6, num_layers=1, num_mixtures=2)).eval()


def evaluate(
    model: ConditionalHandwriting, facts: dict[str, Any], corpus: str | None, splits: Any, folder: Path, batch_size: int
) -> dict[str, Any]:
    """The numbers of a network as `load` gives it."""
    writer = Writer(model, facts, {}, Path("writer.pt"))
    return writer.evaluate(corpus, splits, data_dir=folder, batch_size=batch_size).numbers


@pytest.fixture(scope="module")
def numbers(model: ConditionalHandwriting, folder: Path) -> dict[str, Any]:
    return evaluate(model, FACTS, None, ["valid"], folder, 3)


def line_by_line(model: ConditionalHandwriting, corpus: Corpus) -> list[dict[str, float]]:
    """Every line alone, every point for itself, in plain arithmetic."""
    sums_of_lines = []
    for number in range(len(corpus)):
        points = torch.from_numpy(np.array(corpus.points(number)))
        strokes = torch.cat([torch.zeros(1, 2), points[:, :2].diff(dim=0) / torch.tensor(STD)])
        strokes = torch.cat([strokes, points[:, 2:]], 1).unsqueeze(0)
        text = torch.from_numpy(corpus.alphabet.encode(corpus.text(number))).unsqueeze(0)
        mask = torch.ones(1, len(points), dtype=torch.bool)
        with torch.no_grad():
            mixture = model(Batch(strokes, mask, text, torch.ones_like(text, dtype=torch.bool)))
        sums = dict.fromkeys(MEASURES, 0.0)
        for t in range(len(points) - 1):
            parts = [part[0, t].double() for part in mixture]
            true = strokes[0, t + 1].double()
            lift = 1 / (1 + math.exp(-parts[4]))
            end = -math.log(lift if true[2] else 1 - lift)
            error = sum(
                ((sum(w.exp() * m[axis] for w, m in zip(parts[0], parts[1], strict=True)) - true[axis]) * STD[axis])
                ** 2
                / UNIT[axis] ** 2
                for axis in (0, 1)
            )
            components = MultivariateNormal(parts[1], covariance(mixture)[0, t].double())
            density = MixtureSameFamily(Categorical(logits=parts[0]), components)
            nodes, weights = (torch.from_numpy(part) / 2 for part in np.polynomial.legendre.leggauss(12))
            cell = true[:2] + torch.cartesian_prod(nodes, nodes) / torch.tensor(STD)
            mass = (density.log_prob(cell).exp() * torch.cartesian_prod(weights, weights).prod(-1)).sum()
            shift = math.log(STD[0] * STD[1]) - math.log(UNIT[0] * UNIT[1])
            nats = end - float(density.log_prob(true[:2])) + shift
            sums["nats_per_line"] += nats
            sums["nats_per_point"] += nats
            sums["end_of_stroke_nats"] += end
            sums["sse"] += float(error)
            sums["lattice_bits_per_point"] += (end - math.log(float(mass) / (STD[0] * STD[1]))) / math.log(2)
        sums_of_lines.append(sums)
    return sums_of_lines


def test_all_numbers_are_those_of_a_plain_loop(model: ConditionalHandwriting, folder: Path, numbers: dict) -> None:
    corpus = Corpus(folder / "whole")
    alone, points = line_by_line(model, corpus), corpus.lengths - 1
    assert (numbers["n_lines"], numbers["n_points"]) == (7, points.sum())
    for name in MEASURES:
        sums = np.array([line[name] for line in alone])
        sizes = np.ones(7) if name == "nats_per_line" else points
        mean = sums.sum() / sizes.sum()
        assert numbers[name] == pytest.approx(mean, rel=1e-5), name
        error = math.sqrt((((sums - mean * sizes) / sizes.mean()) ** 2).sum() / (7 * 6))
        assert numbers[f"{name}_standard_error"] == pytest.approx(error, rel=1e-4), name
    for group in numbers["by_writer"]:
        own = np.array([writer == group["writer"] for writer in WRITERS])
        nats = [line["nats_per_line"] for line, counts in zip(alone, own, strict=True) if counts]
        assert group["nats_per_line"] == pytest.approx(np.mean(nats), rel=1e-5)


@pytest.mark.parametrize("parts", ["by_writer", "by_length"])
def test_parts_add_up_to_the_whole(numbers: dict[str, Any], parts: str) -> None:
    groups = numbers[parts]
    for size in ("n_lines", "n_points"):
        assert sum(group[size] for group in groups) == numbers[size]
    for name in MEASURES:
        size = "n_lines" if name == "nats_per_line" else "n_points"
        assert sum(group[name] * group[size] for group in groups) == pytest.approx(numbers[name] * numbers[size])
    assert all(
        group[f"{name}_standard_error"] is None for group in groups for name in MEASURES if group["n_lines"] == 1
    )


def test_groups_are_the_writers_and_fifths_by_length(numbers: dict[str, Any]) -> None:
    assert [(group["writer"], group["n_lines"]) for group in numbers["by_writer"]] == [
        ("ann", 3),
        ("bob", 3),
        ("cid", 1),
    ]
    spans = [(group["shortest_line"], group["longest_line"]) for group in numbers["by_length"]]
    assert spans == [(8, 11), (14, 14), (17, 17), (20, 20), (23, 26)] and numbers["longest_line"] == 26


def test_standard_errors_are_those_of_lines_drawn_anew() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.integers(100, 1500, 400).astype(float)
    sums = sizes * rng.normal(-1.2, 0.4, 400)
    picks = rng.integers(0, 400, (4000, 400))
    drawn = sums[picks].sum(1) / sizes[picks].sum(1)
    assert ratio_error(sums, sizes) == pytest.approx(drawn.std(), rel=0.05)
    assert ratio_error(sums, np.ones(400)) == pytest.approx(sums.std(ddof=1) / 20)


def test_the_batch_does_not_matter(model: ConditionalHandwriting, folder: Path, numbers: dict[str, Any]) -> None:
    alone = evaluate(model, FACTS, "whole", ["valid"], folder, 1)
    assert [alone[name] for name in MEASURES] == pytest.approx([numbers[name] for name in MEASURES], rel=1e-6)


def test_saying_which_lift_is_the_last_changes_nothing(model: ConditionalHandwriting) -> None:
    batch = lines([9, 5], [2, 2])
    batch = replace(batch, text=batch.text % 2)
    with torch.no_grad():
        mixture = model(batch)
        ending = EndingMixture(*mixture, torch.randn(2, 8))
        sums_of_lines = [line_sums(output, batch, STD, UNIT, lattice=True) for output in (mixture, ending)]
    assert torch.equal(*sums_of_lines) and sums_of_lines[0].isfinite().all()


def test_ink_on_no_lattice_has_no_bits_but_a_reason(model: ConditionalHandwriting, folder: Path) -> None:
    transformed = FACTS | {"transform": {"normalise_size": True}}
    for facts, name, why in ((FACTS, "other", "valid-0 are no whole numbers"), (transformed, "whole", "transformed")):
        numbers = evaluate(model, facts, name, ["valid"], folder, 3)
        assert numbers["lattice_bits_per_point"] is numbers["lattice_bits_per_point_standard_error"] is None
        assert why in numbers["lattice"] and why in likelihood_table(numbers)
        assert math.isfinite(numbers["nats_per_line"])
        json.dumps(numbers, allow_nan=False)


def test_graves_is_compared_with_on_his_own_lines_alone(
    model: ConditionalHandwriting, folder: Path, numbers: dict[str, Any]
) -> None:
    assert numbers["unit"] == list(UNIT) and numbers["graves_2013"] == []
    assert "Graves" not in likelihood_table(numbers)
    table = likelihood_table(numbers | {"graves_2013": GRAVES}).splitlines()
    assert f"{numbers['nats_per_line']:.1f}" in table[-6] and table[-6].startswith("this network")
    assert table[-1].split()[-2:] == ["-1128.2", "0.23"]


def scores_of(writers: int) -> dict[str, Any]:
    """Scores of two random lines of each writer."""
    columns = np.random.default_rng(1).random((5, 2 * writers)) + 1
    columns[4] = np.arange(2 * writers) + 10
    return scores(LineSums(*columns), [f"w{n // 2}" for n in range(2 * writers)])


def test_the_figure_has_a_dot_for_every_group(numbers: dict[str, Any]) -> None:
    by_length, by_writer = density_figure(numbers).axes
    assert [label.get_text() for label in by_length.get_xticklabels()] == ["8–11", "14–14", "17–17", "20–20", "23–26"]
    order = sorted(numbers["by_writer"], key=lambda part: part["nats_per_point"])
    assert [label.get_text() for label in by_writer.get_xticklabels()] == [part["writer"] for part in order]
    dots = by_writer.containers[0].lines[0].get_ydata()
    assert dots == pytest.approx([part["nats_per_point"] for part in order])
    assert density_figure(scores_of(MAX_NAMES + 1)).axes[1].get_xticks().size == 0


def test_a_batch_of_no_lines_is_refused(model: ConditionalHandwriting, folder: Path) -> None:
    with pytest.raises(InputError, match="batch size is 0"):
        evaluate(model, FACTS, None, None, folder, 0)
