"""The benchmarks time equal work, and print their figures."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from benchmarks import __main__ as bench
from benchmarks import gpu, gpu_steps, precision, sampling, training
from benchmarks.reports import spread, table
from benchmarks.sampling import endless, rates
from data_loader import DATA_LOADERS
from model import MODELS
from model.writing.sampling import sample
from tests.tiny import ink_line, run_main, write_corpus


def losses(name: str, batch_size: int = 3) -> Iterator[torch.Tensor]:
    """Yield the losses of the baseline and of ours, from the same weights."""
    loss_name, sizes = training.TIMED[name]
    for variant in (training.baseline(), training.contextlib.nullcontext()):
        torch.manual_seed(1)
        model = MODELS[name](**sizes).eval()
        batch = training.lines(batch_size, 40)
        with variant:
            total, count = training.LOSSES[loss_name]()(model(batch), batch)
        yield total / count


@pytest.mark.parametrize("name", list(training.TIMED))
def test_plain_and_ours_compute_the_same(name: str) -> None:
    plain, ours = losses(name)
    torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)


def test_what_is_timed_can_be_trained() -> None:
    of_digits = {"ClassConditionalHandwriting", "StrokeClassifier"}  # some dozen points a drawing: nothing to speed up
    assert set(training.TIMED) == set(MODELS) - of_digits - {"HandwritingEmbedding"}  # whose layers are the reader's


def test_steps_are_timed_in_a_process_of_their_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"hidden_size": 8, "num_layers": 1}
    monkeypatch.setitem(training.TIMED, "UnconditionalHandwriting", ("NegativeLogLikelihood", sizes))
    arguments = ["bench", "UnconditionalHandwriting", "float32", "--points", "20", "--batch-size", "2"]
    monkeypatch.setattr(sys, "argv", arguments)
    training.main()
    measured = json.loads(capsys.readouterr().out)
    assert all(len(measured[variant]) == 3 and min(measured[variant]) > 0 for variant in ("ours", "plain"))
    assert 0.05 < measured["peak_gib"] < 64
    assert measured["precision"] == "float32" and measured["kernels"] in ("ours", "torch")


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


def test_speeds_of_writing_are_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("UnconditionalHandwriting", "ConditionalHandwriting"):
        loss, sizes = training.TIMED[name]
        monkeypatch.setitem(training.TIMED, name, (loss, {**sizes, "hidden_size": 4, "num_layers": 3}))
    monkeypatch.setattr(sampling, "LINES", (1, 2))
    code, out, _ = run_main(sampling, ["--points", "5", "--repeats", "1"], monkeypatch, capsys)
    rows = [line.split(" | ") for line in out.splitlines()[2:-1]]
    assert code == 0 and [row[1:3] for row in rows] == 2 * [["0", "1"], ["0", "2"], ["4", "1"], ["4", "2"]]


def test_rows_by_length_have_the_choice_and_the_median_ratio_of_steps_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int]] = []

    def steps(name: str, precision: str, _: int, *, points: int, heads: int) -> bench.Measured:
        calls.append((precision, points))
        return bench.Measured([2000.0, 2000.0, 600.0], [1000.0, 1000.0, 600.0], 1.5, "bfloat16", "torch")

    monkeypatch.setattr(bench, "steps", steps)
    row = list(bench.by_length(1))[-2]
    assert (
        row == "| ConditionalHandwriting | 2,400 | bfloat16 | 1,000 ± 200 | 2,000 ± 700 | 2.00 | 100 | torch | 1.50 |"
    )
    assert calls[-1] == ("auto", 2400)


def test_tables_are_markdown_with_median_and_spread() -> None:
    assert spread([1000.0, 3000.0, 1500.0]) == "1,500 ± 1,000"
    assert list(table(("a", "b"), ("1", "2"))) == ["| a | b |", "|---|---|", "| 1 | 2 |", ""]
    assert torch.__version__ in bench.machine()
    assert bench.product_rate(torch.float32, 64) > 0


def test_without_a_gpu_its_benchmark_says_so_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code, out, err = run_main(gpu, [], monkeypatch, capsys)
    assert (code, out) == (2, "") and err.startswith("error: benchmarks.gpu: there is no GPU") and err.count("\n") == 1


def test_the_benchmark_of_a_gpu_reports_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine's CPU, of small networks."""
    for name in gpu_steps.NAMES:
        loss, sizes = training.TIMED[name]
        monkeypatch.setitem(training.TIMED, name, (loss, {**sizes, "hidden_size": 4, "num_layers": 1}))
    rows = list(gpu_steps.report(training.lines(2, 6), "float32", 2))
    names = [line.split("|")[1].strip() for line in rows if line.startswith("| ")]
    assert names[1:] == ["the lower bound", "bare nn.LSTM", *gpu_steps.NAMES, "Conditional, point by point"]
    assert float(rows[-2].split()[4]) > 0


def test_a_smallest_step_is_a_product_and_a_cell() -> None:
    lstm = torch.nn.LSTM(3, 5, bias=False)
    inputs, (hidden, cell) = torch.randn(7, 2, 3), torch.zeros(2, 2, 5)
    ahead = inputs @ lstm.weight_ih_l0.T
    states = gpu_steps.shortest_chunk(ahead, hidden, cell, lstm.weight_hh_l0.T)
    torch.testing.assert_close(states, tuple(state[0] for state in lstm(inputs)[1]))


@pytest.mark.parametrize("variant", list(precision.VARIANTS))
def test_short_trainings_lower_the_nats_in_every_precision(variant: str, tmp_path: Path) -> None:
    write_corpus(tmp_path / "tiny", [ink_line(i, split="train" if i < 6 else "valid") for i in range(8)])
    kind, context = precision.VARIANTS[variant]
    rules = {"corpus": "tiny", "data_dir": str(tmp_path), "batch_size": 3}
    with context():
        few, more = (
            precision.nats_after(DATA_LOADERS["HandwritingDataLoader"](**rules), steps, {"hidden_size": 4}, 1, kind)
            for steps in (1, 12)
        )
    assert more < few


def test_precisions_are_compared_seed_by_seed() -> None:
    rows = list(precision.report({"float32": [1.0, 5.0, 3.0], "bfloat16": [2.0, 5.0, 2.0]}))
    assert rows[2] == "| float32 | 3.00 | 2.00 |  |"
    assert rows[3] == f"| bfloat16 | 3.00 | {3**0.5:.2f} | 0.00 ± {(1 / 3) ** 0.5:.2f} |"
