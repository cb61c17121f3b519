"""Numbers written digit by digit: on one baseline, in order, each by the network that knows it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from base.base_model import Sample
from model.writing.class_conditional import ClassConditionalHandwriting
from model.writing.unconditional import UnconditionalHandwriting
from results import load, write
from results.writing.digits import GAP, SPACE, CharacterWriter, digit_grid, set_in_row, set_in_rows, write_number
from results.writing.writer import Writer
from tests.tiny import ink_line, refused, tiny_config, write_corpus
from trainer.run import train
from utils.errors import InputError

STD = (2.0, 3.0)


def network(trained: list[int] | None = None, seed: int = 1) -> CharacterWriter:
    """A network whose drawings are some points long, said to be trained on these of all digits."""
    torch.manual_seed(seed)
    model = ClassConditionalHandwriting(alphabet_size=10, hidden_size=8, num_mixtures=2)
    torch.nn.init.constant_(model.last.bias, 3.0)
    model.density.linear.bias.data[-1] = -2
    facts = {"alphabet": "0123456789", "std": list(STD), "points_per_char": 20.0}
    args = {"digits": trained}
    config: dict[str, Any] = {"arch": {"type": "ClassConditionalHandwriting"}, "data_loader": {"args": args}}
    return CharacterWriter(model.eval(), facts, config, Path(f"digits-{seed}.pt"))


def first_points(network: CharacterWriter, text: str, count: int = 4, **options: Any) -> np.ndarray:
    """The first offsets of a number's ink."""
    return np.diff(write_number([network], text, **options)[0].lines[0][:count], axis=0)


def ink(width: float, height: float) -> np.ndarray:
    return np.array([[7, 7, 0], [7 + width, 7 - height, 1]], np.float32)


def test_digits_stand_side_by_side_on_one_baseline() -> None:
    points = set_in_row("12 3", iter([ink(2, 10), ink(4, 8), ink(6, 10)]), height=10)
    starts, ends = points[::2], points[1::2]
    assert starts[:, 1].tolist() == [0, 0, 0] and ends[:, 1].tolist() == [-10, -8, -10]
    assert (starts[1:, 0] - ends[:-1, 0]).tolist() == pytest.approx([10 * GAP, 10 * (GAP + SPACE)])
    assert (ends[:, 0] - starts[:, 0]).tolist() == pytest.approx([2, 4, 6])


def test_rows_keep_their_digits_and_say_whether_all_stopped() -> None:
    strokes = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
    drawn = [Sample(strokes, None, stopped) for stopped in (True, True, False)]
    writing = set_in_rows(["12", "", "3"], drawn, [STD] * 3)
    assert [len(line) for line in writing.lines] == [4, 0, 2]
    assert [sample.stopped for sample in writing.samples] == [True, False]
    assert np.ptp(writing.lines[2], axis=0).tolist() == [*STD, 1]


def test_a_number_is_drawn_in_the_order_of_its_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[tuple[list[str], list[int]]] = []
    draw_lines = Writer.draw_lines
    monkeypatch.setattr(Writer, "draw_lines", lambda *args: jobs.append((args[1], args[2])) or draw_lines(*args))
    writing = write_number([network()], "20 26", seed=4, n=2)[1]
    assert [digits for digits, _ in jobs] == [list("20262026")]
    assert len({seed for _, seeds in jobs for seed in seeds}) == 8
    assert writing.texts == ["20 26"] and len(writing.lines) == len(writing.samples) == 1
    assert len(write_number([network()], "7" * 30)[0].lines) == 2


def test_a_digit_does_not_change_with_those_behind_it() -> None:
    np.testing.assert_allclose(first_points(network(), "2", seed=4), first_points(network(), "2026", seed=4), atol=1e-4)
    assert not np.allclose(first_points(network(), "3", seed=4), first_points(network(), "2", seed=4), atol=1e-3)


def test_write_takes_a_network_that_writes_digits_and_n_and_seed_are_as_for_a_text() -> None:
    alone, among = write(network(), "11", seed=3)[0].lines[0], write(network(), "11", seed=2, n=3)
    np.testing.assert_allclose(alone, among[1].lines[0], atol=1e-4)
    assert not any(np.array_equal(alone, other.lines[0]) for other in (among[0], among[2]))


def test_each_digit_is_drawn_by_the_first_network_that_was_trained_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    two, six, all_of_them = network([2], 1), network([6], 2), network(None, 3)
    drawn: dict[str, str] = {}
    draw_lines = Writer.draw_lines
    monkeypatch.setattr(
        Writer,
        "draw_lines",
        lambda *args: drawn.setdefault("".join(args[1]), args[0].path.stem) and draw_lines(*args),
    )
    together = write_number([two, six, all_of_them], "26912", seed=5)[0].lines[0]
    assert drawn == {"22": "digits-1", "6": "digits-2", "91": "digits-3"}
    np.testing.assert_allclose(first_points(two, "2", seed=5), np.diff(together[:4], axis=0), atol=1e-4)


@pytest.mark.parametrize(
    ("networks", "text", "message"),
    [
        ([network()], "20x6", r"'x': no network was trained on it; .* are '0123456789'"),
        (
            [network([2]), network([3])],
            "2063",
            "'0', '6': no network was trained on it; .* are '23'",
        ),
        ([network()], " \n ", "the text is empty"),
    ],
)
def test_a_digit_that_no_network_knows_is_named(networks: list[CharacterWriter], text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_number(networks, text)


@pytest.mark.parametrize("options", [{"bias": -1.0}, {"n": 0}, {"seed": -1}])
def test_numbers_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="it must be"):
        write_number([network()], "1", **options)


def test_a_network_of_another_kind_is_refused() -> None:
    free = Writer(UnconditionalHandwriting(hidden_size=4), {}, {"arch": {"type": "Free"}}, Path("free.pt"))
    with pytest.raises(
        InputError,
        match=r"free.pt: Free writes lines.* does not write characters; .*/digits.pt",
    ):
        write_number([network(), free], "1")


def test_a_grid_has_a_row_for_each_digit_that_is_known() -> None:
    page = digit_grid(network([3, 5]), columns=4)
    assert page.width / page.height == pytest.approx((4 * 12 + 8) / (2 * 12 + 8))


def test_one_network_a_digit_is_trained_loaded_and_writes(
    tmp_path: Path, experiments_cli: Callable[..., tuple[int, str, str]]
) -> None:
    lines = [ink_line(k, text=str(k % 3), split=("train", "valid")[k > 8]) for k in range(12)]
    write_corpus(tmp_path / "tiny", lines)
    runs = []
    for digit in (0, 2):
        config = tiny_config(tmp_path, tmp_path / "saved", "ClassConditionalHandwriting", trainer__epochs=1)
        config.override("name", f"digit-{digit}")
        config.override("data_loader.args.digits", [digit])
        runs.append(train(config).folder)
    networks = [load(run) for run in runs]
    assert write_number(networks, "2 0")[0].texts == ["2 0"]
    assert experiments_cli("-r", runs[0], "write", "00", "--animate")[0] == 0
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert "'2': no network was trained on it" in refused(experiments_cli("-r", runs[0], "write", "02"))
    by_networks = ["write", "20 2", "--networks", *runs, "--seed", "9", "--data-dir", tmp_path]
    code, out, _ = experiments_cli(*by_networks)
    assert code == 0 and "writing-9.svg" in out
    for wrong in ([*by_networks, "--bias", 0, 1], ["write", "--networks", runs[0]]):
        assert "--networks" in refused(experiments_cli(*wrong))
    for unused in (["--resume", runs[0]], ["--hands", "each"], ["--substitute"]):
        assert f"leave out {unused[0]}" in refused(experiments_cli(*by_networks, *unused))
    assert experiments_cli("-r", runs[1], "evaluate", "--data-dir", tmp_path)[0] == 0
    assert json.loads((tmp_path / "out" / "evaluate.json").read_text())["n_lines"] == 1
    assert experiments_cli("-r", runs[0])[0] == 0
