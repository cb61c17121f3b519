"""The benchmarks time equal work, and say what they measured."""

import json
import sys
from collections.abc import Iterator

import pytest
import torch

from benchmarks import __main__ as bench
from benchmarks import training
from benchmarks.sampling import endless, rates
from model import MODELS
from model.sampling import sample


def losses(name: str, batch_size: int = 3) -> Iterator[torch.Tensor]:
    """Of the plain way and of ours, from the same weights."""
    loss_name, sizes = training.TIMED[name]
    for way in (training.plain_way(), training.contextlib.nullcontext()):
        torch.manual_seed(1)
        model = MODELS[name](**sizes).eval()
        batch = training.lines(batch_size, 40)
        with way:
            total, count = training.LOSSES[loss_name]()(model(batch), batch)
        yield total / count


@pytest.mark.parametrize("name", list(training.TIMED))
def test_plain_and_ours_compute_the_same(name: str) -> None:
    plain, ours = losses(name)
    torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)


def test_every_model_is_timed() -> None:
    assert set(training.TIMED) == set(MODELS)


def test_steps_are_timed_in_a_process_of_their_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"hidden_size": 8, "num_layers": 1}
    monkeypatch.setitem(training.TIMED, "UnconditionalHandwriting", ("NegativeLogLikelihood", sizes))
    for way in ("plain", "ours"):
        arguments = ["bench", "UnconditionalHandwriting", way, "float32", "--points", "20", "--batch-size", "2"]
        monkeypatch.setattr(sys, "argv", arguments)
        training.main()
        measured = json.loads(capsys.readouterr().out)
        assert len(measured["rates"]) == 3 and min(measured["rates"]) > 0
        assert 0.05 < measured["peak_gib"] < 64


def test_operations_are_three_times_two_for_every_weight_of_a_product() -> None:
    operations = training.operations_per_point("UnconditionalHandwriting")
    recurrent = 1600 * (3 + 400) + 2 * 1600 * (3 + 400 + 400)
    assert operations == 6 * (recurrent + 1200 * 121)


def test_writers_write_to_their_caps() -> None:
    model = endless("ConditionalHandwriting")
    for plain in (True, False):
        assert min(rates(model, 2, plain=plain, points=5, repeats=2)) > 0
    drawn = sample(model, training.lines(2, 2), seeds=[1, 2], max_points=[30, 30])
    assert not any(line.stopped for line in drawn)


def test_tables_are_markdown_with_median_and_spread() -> None:
    assert bench.spread([1000.0, 3000.0, 1500.0]) == "1,500 ± 1,000"
    assert list(bench.table(("a", "b"), ("1", "2"))) == ["| a | b |", "|---|---|", "| 1 | 2 |", ""]
    assert torch.__version__ in bench.machine()
    assert bench.product_rate(torch.float32, 64) > 0
