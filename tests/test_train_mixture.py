"""The command line of train.py on a mixture of corpora, and on old weights of another alphabet."""

from pathlib import Path
from typing import Any

import pytest
import torch

from results.roles import load
from tests.test_train_again import Cli
from tests.tiny import assert_same, ink_line, logged, run_dirs, stop_after, write_corpus
from utils.checkpoint import load_checkpoint

MIXTURE = [
    {"corpus": "long", "share": 3},
    {"corpus": "short", "share": 1, "valid": ["valid"], "augment": {"scale": 0.2}},
]


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """A folder with the corpora of MIXTURE."""
    for name, points, text in (("long", 40, "abc"), ("short", 12, "cde")):
        lines = [ink_line(n, points=points + n, text=text, writer=name) for n in range(12)]
        valid = [ink_line(n, points=points + n, text=text, writer=f"{name}2", split="valid") for n in range(5)]
        write_corpus(tmp_path / name, lines + valid)
    return tmp_path


def of_mixture(corpora: Path, **changes: Any) -> dict[str, Any]:
    return {"data_loader__args__corpus": MIXTURE, "data_loader__args__data_dir": str(corpora), **changes}


def test_validation_reports_each_corpus_by_name_and_the_whole(
    train_cli: Cli, config_file: Any, corpora: Path, tmp_path: Path
) -> None:
    config = config_file("ConditionalHandwriting", **of_mixture(corpora, trainer__monitor="min val_loss/short"))
    code, _, err = train_cli("-c", config, "--epochs", 1)
    assert (code, err) == (0, "")
    (run_dir,) = run_dirs(tmp_path)
    numbers = logged(run_dir)[-1]
    names, corpora_names = ("val_loss", "val_nats_per_line"), ("long", "short")
    parts = {name: [numbers[f"{name}/{corpus}"] for corpus in corpora_names] for name in names}
    # per line: five of each; per point: by the number of points predicted
    assert numbers["val_nats_per_line"] == pytest.approx(sum(parts["val_nats_per_line"]) / 2)
    predicted = [sum(points + n - 1 for n in range(5)) for points in (40, 12)]
    mean = sum(loss * count for loss, count in zip(parts["val_loss"], predicted, strict=True)) / sum(predicted)
    assert numbers["val_loss"] == pytest.approx(mean)
    checkpoint = load_checkpoint(run_dir / "best.pt")
    assert checkpoint["training"]["best"] == numbers["val_loss/short"]
    assert [card["name"] for card in checkpoint["facts"]["mixture"]] == ["long", "short"]
    assert checkpoint["facts"]["alphabet"] == "abcde"
    network = load(run_dir)
    assert [network.validated_on(name) for name in (None, "short", "gone")] == [None, ["valid"], None]


def test_a_run_on_a_mixture_goes_on_in_the_middle_of_an_epoch_bit_for_bit(
    train_cli: Cli, config_file: Any, corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_file("ConditionalHandwriting", **of_mixture(corpora, trainer__epochs=3))
    assert train_cli("-c", config)[0] == 0
    (whole,) = run_dirs(tmp_path)
    with monkeypatch.context() as patch:
        stop_after(patch, 6)
        assert train_cli("-c", config)[0] == 130
    (stopped,) = {*run_dirs(tmp_path)} - {whole}
    assert train_cli("--resume", stopped)[0] == 0
    assert_same(stopped, whole, "last.pt")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_loader__args__corpus": [{"corpus": "long", "shar": 1}]}, "corpus.0.shar: unknown key; did you mean"),
        ({"data_loader__args__corpus": [{"corpus": "long", "share": 0}]}, "the share of long is 0"),
        ({"data_loader__args__corpus": [{**MIXTURE[0], "train": ["x"]}, MIXTURE[1]]}, "long: no split x; it has train"),
        ({"data_loader__args__alphabet": "abc"}, "short: it has characters that the network does not know: 'd' 'e'"),
        ({"trainer__monitor": "min val_loss/middle"}, "'min val_loss/middle', and validation has long, short"),
    ],
)  # fmt: skip
def test_a_bad_mixture_ends_with_code_2_and_leaves_nothing(
    train_cli: Cli, config_file: Any, corpora: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    result = train_cli("-c", config_file("ConditionalHandwriting", **of_mixture(corpora, **changes)))
    assert message in " ".join(result[2].split()) and result[0] == 2 and "Traceback" not in result[2]
    assert run_dirs(tmp_path) == [] and not (corpora / ".derived").exists()


def test_init_from_another_alphabet_keeps_what_is_known_and_names_the_rest(
    train_cli: Cli, config_file: Any, corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(corpus: str, *more: Any, **changes: Any) -> tuple[Path, str]:
        before = {*run_dirs(tmp_path)}
        args = of_mixture(corpora, data_loader__args__corpus=corpus, trainer__verbosity=1, **changes)
        args |= {"optimizer": {"type": "SGD", "args": {"lr": 1e-30}}}
        code, out, err = train_cli("-c", config_file("ConditionalHandwriting", **args), "--epochs", 1, *more)
        assert code == 0, err
        (run_dir,) = {*run_dirs(tmp_path)} - before
        return run_dir, out + err

    first, _ = run("long")
    second, log = run("short", "--init-from", first)
    assert "characters new to the network: 'd' 'e'" in log and "dropped" not in log
    third, log = run("short", "--init-from", first, data_loader__args__alphabet="cdef")
    assert "characters of the checkpoint that are dropped: 'a' 'b'" in log
    weights = [load_checkpoint(run / "best.pt") for run in (first, second, third)]
    assert [content["facts"]["alphabet"] for content in weights] == ["abc", "abcde", "cdef"]
    columns = [content["model"]["window_layer.layer.rnn.weight_ih_l0"] for content in weights]
    assert torch.equal(columns[1][:, :6], columns[0]) and torch.equal(columns[2][:, 3], columns[0][:, 5])
