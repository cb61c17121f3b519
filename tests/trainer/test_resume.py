"""A run that was stopped and went on is, bit for bit, the run that was never stopped."""

import shutil
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

import train as command_line
from base.stopping import Interrupted
from parse_config import ConfigParser
from tests.tiny import (
    ARCHS,
    assert_same,
    differences,
    ink_line,
    logged,
    run_main,
    stop_after,
    tiny_config,
    write_corpus,
)
from trainer import Trainer, optimization
from trainer.arithmetic import Arithmetic
from trainer.run import train
from utils.checkpoint import load_checkpoint, save_checkpoint
from utils.errors import InputError

Whole = Callable[[str, str], tuple[ConfigParser, Path]]
EPOCHS, STEPS = 4, 5


@pytest.fixture(scope="module")
def whole(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A run that was never stopped, of a model and its cell: its config, its directory. With all that has a state."""
    save_dir = tmp_path_factory.mktemp("saved")

    @cache
    def run(arch: str, cell: str) -> tuple[ConfigParser, Path]:
        args = {"arch__args__cell": cell, "arch__args__dropout": 0.3, "trainer__ema_decay": 0.8}
        args |= {"trainer__weight_noise": 0.02}
        config = tiny_config(data_dir, save_dir, arch, trainer__epochs=EPOCHS, **args)
        return config, train(config).folder

    return run


def stopped(config: ConfigParser, error: type[BaseException]) -> Path:
    """The directory of a new run that ends in this error."""
    runs = Path(config["trainer"]["save_dir"]) / "models" / "tiny"
    before = set(runs.iterdir())
    with pytest.raises(error):
        train(config)
    (run_dir,) = set(runs.iterdir()) - before
    return run_dir


def go_on(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run_main(command_line, ["--resume", str(place)], monkeypatch, capsys)
    assert (code, err) == (0, "") and "best.pt" in out


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("arch", ARCHS)
def test_a_run_stopped_by_a_signal_in_an_epoch(
    whole: Whole, monkeypatch: Any, capsys: Any, arch: str, cell: str
) -> None:
    config, whole_dir = whole(arch, cell)
    with monkeypatch.context() as patch:
        stop_after(patch, 2 * STEPS + 2)
        run_dir = stopped(config, Interrupted)
    assert load_checkpoint(run_dir / "last.pt")["training"]["batch"] == 2
    assert differences(load_checkpoint(run_dir / "last.pt"), load_checkpoint(whole_dir / "last.pt")), "it was stopped"
    go_on(run_dir, monkeypatch, capsys)
    assert_same(run_dir, whole_dir)


def test_a_run_stopped_more_than_once(whole: Whole, monkeypatch: Any, capsys: Any) -> None:
    """After its first step, an epoch's last, the next epoch's first, one in between, and its last of all."""
    config, whole_dir = whole("UnconditionalHandwriting", "lstm")
    run_dir = None
    for step in (1, STEPS, STEPS + 1, 3 * STEPS + 2, EPOCHS * STEPS):
        with monkeypatch.context() as patch:
            stop_after(patch, step, signal.SIGINT)
            if run_dir is None:
                run_dir = stopped(config, Interrupted)
            else:
                assert run_main(command_line, ["--resume", str(run_dir)], patch, capsys)[0] == 130
        assert load_checkpoint(run_dir / "last.pt")["training"]["step"] == step
    assert run_dir is not None
    go_on(run_dir, monkeypatch, capsys)
    assert_same(run_dir, whole_dir)


def test_a_run_stopped_in_its_validation(whole: Whole, monkeypatch: Any, capsys: Any) -> None:
    config, whole_dir = whole("UnconditionalHandwriting", "lstm")
    validate = Trainer.validate

    def stopping(trainer: Trainer) -> dict[str, float]:
        if trainer.epoch == 2:
            signal.raise_signal(signal.SIGTERM)
        return validate(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "validate", stopping)
        run_dir = stopped(config, Interrupted)
    assert load_checkpoint(run_dir / "last.pt")["training"]["step"] == 2 * STEPS
    go_on(run_dir, monkeypatch, capsys)
    assert_same(run_dir, whole_dir)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_stopped_in_a_save(whole: Whole, monkeypatch: Any, capsys: Any, number: int) -> None:
    """It is finished, and what is saved next is what the run goes on from."""
    config, whole_dir = whole("UnconditionalHandwriting", "lstm")
    saves = []

    def stopping(path: Path, content: dict[str, Any]) -> None:
        saves.append(content["training"]["step"])
        if len(saves) == 3:
            signal.raise_signal(number)
        save_checkpoint(path, content)

    often = ConfigParser(config.resolved, "tiny.json")
    often.override("trainer.save_steps", 2)
    with monkeypatch.context() as patch:
        patch.setattr("base.base_trainer.save_checkpoint", stopping)
        run_dir = stopped(often, Interrupted)
    assert saves == [2, 4, 5, 5, 6] and load_checkpoint(run_dir / "last.pt")["training"]["step"] == 6
    go_on(run_dir, monkeypatch, capsys)
    assert logged(run_dir) == logged(whole_dir)
    contents = [load_checkpoint(folder / "last.pt") for folder in (run_dir, whole_dir)]
    assert differences(*contents) == [".config.trainer.save_steps: on one side only"]


@pytest.mark.parametrize("step", [2 * STEPS, 2 * STEPS + 3])
def test_a_run_that_died_goes_on_from_the_epoch_before(whole: Whole, monkeypatch: Any, capsys: Any, step: int) -> None:
    """Between two epochs, and in one: what it logged after its last checkpoint is logged again, once."""
    config, whole_dir = whole("UnconditionalHandwriting", "lstm")
    one_step = Trainer._one_step

    def dying(trainer: Trainer, batch: Any) -> Any:
        if trainer.step == step:
            raise MemoryError
        return one_step(trainer, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_one_step", dying)
        run_dir = stopped(config, MemoryError)
    assert logged(run_dir)[-1]["step"] == step
    go_on(run_dir, monkeypatch, capsys)
    assert_same(run_dir, whole_dir)


def test_a_run_goes_on_from_an_older_checkpoint_such_as_its_best(tiny: Any, monkeypatch: Any, capsys: Any) -> None:
    whole_dir = train(tiny(trainer__epochs=EPOCHS, trainer__monitor="max val_loss", arch__args__dropout=0.3)).folder
    assert load_checkpoint(whole_dir / "best.pt")["training"]["step"] < EPOCHS * STEPS
    run_dir = whole_dir.with_name("copy")
    log_dirs = [path.parents[2] / "log" / "tiny" / path.name for path in (whole_dir, run_dir)]
    for source, target in ((whole_dir, run_dir), log_dirs):
        shutil.copytree(source, target)
    (run_dir / "last.pt").unlink()
    go_on(run_dir / "best.pt", monkeypatch, capsys)
    assert_same(run_dir, whole_dir)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["optimizer", "lr_scheduler", "rng", "raw_model", "sums", "num_averaged"])
def test_every_part_of_the_state_is_needed(whole: Whole, monkeypatch: Any, capsys: Any, key: str) -> None:
    """Were one of them lost, the tests above would tell."""
    config, whole_dir = whole("UnconditionalHandwriting", "lstm")
    with monkeypatch.context() as patch:
        stop_after(patch, 2 * STEPS + 2)
        run_dir = stopped(config, Interrupted)
    content = load_checkpoint(run_dir / "last.pt")
    content["training"][key] = blank(content["training"], content["model"], key)
    save_checkpoint(run_dir / "last.pt", content)
    go_on(run_dir, monkeypatch, capsys)
    with pytest.raises(AssertionError):
        assert_same(run_dir, whole_dir)


def blank(state: dict[str, Any], model: dict[str, torch.Tensor], key: str) -> Any:
    """Return the entry of a state as a new run has it."""
    if key == "optimizer":
        return {**state["optimizer"], "state": {}}
    if key == "lr_scheduler":
        return {**state["lr_scheduler"], "last_epoch": 0}
    return {"rng": torch.Generator().get_state(), "raw_model": model, "sums": {}, "num_averaged": 0}[key]


def test_an_average_can_begin_and_end_where_a_run_goes_on(whole: Whole, monkeypatch: Any, capsys: Any) -> None:
    config, _ = whole("UnconditionalHandwriting", "lstm")
    with monkeypatch.context() as patch:
        stop_after(patch, STEPS + 2)
        run_dir = stopped(config, Interrupted)
    raw = load_checkpoint(run_dir / "last.pt")["training"]["raw_model"]
    for decay, step in (("null", STEPS + 3), ("0.9", STEPS + 4)):
        with monkeypatch.context() as patch:
            stop_after(patch, step)
            patch.setattr(torch.optim.Adam, "step", lambda optimizer: None)
            patch.setattr("torch.optim.lr_scheduler.LambdaLR.step", lambda scheduler: None)
            arguments = ["--resume", str(run_dir), "--set", f"trainer.ema_decay={decay}"]
            assert run_main(command_line, arguments, patch, capsys)[0] == 130
        content = load_checkpoint(run_dir / "last.pt")
        assert differences(dict(content["model"]), dict(raw)) == [], "the weights, not the old average"
        assert (content["training"]["raw_model"] is None) == (decay == "null")


def test_a_run_keeps_the_arithmetic_that_it_measured(whole: Whole, monkeypatch: Any, capsys: Any) -> None:
    config, _ = whole("UnconditionalHandwriting", "lstm")
    auto = ConfigParser(config.resolved, "tiny.json")
    auto.override("trainer.precision", "auto")
    measured = iter([Arithmetic("bfloat16", "torch")])
    monkeypatch.setattr(optimization, "FEW_STEPS", 1)
    monkeypatch.setattr(optimization, "fastest_arithmetic", lambda *_: next(measured))
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run_dir = stopped(auto, Interrupted)
    for _ in range(2):
        state = load_checkpoint(run_dir / "last.pt")["training"]
        assert (state["precision"], state["lstm_kernels"]) == ({"cpu": "bfloat16"}, {"cpu": "torch"})
        go_on(run_dir, monkeypatch, capsys)
        monkeypatch.setattr(Arithmetic, "on", None)  # it is done


def test_a_run_from_before_the_choice_of_kernels_goes_on_with_ours(whole: Whole, monkeypatch: Any, capsys: Any) -> None:
    config, _ = whole("UnconditionalHandwriting", "lstm")
    with monkeypatch.context() as patch:
        stop_after(patch, STEPS + 1)
        run_dir = stopped(config, Interrupted)
    content = load_checkpoint(run_dir / "last.pt")
    del content["training"]["lstm_kernels"]
    save_checkpoint(run_dir / "last.pt", content)
    monkeypatch.setattr(optimization.Optimization, "_measured", None)
    go_on(run_dir, monkeypatch, capsys)
    assert load_checkpoint(run_dir / "last.pt")["training"]["lstm_kernels"] == {"cpu": "ours"}


def test_another_corpus_is_refused(whole: Whole, data_dir: Path, tmp_path: Path) -> None:
    config, whole_dir = whole("UnconditionalHandwriting", "gru")
    write_corpus(tmp_path / "tiny", [ink_line(1), ink_line(2, split="valid")])
    other = ConfigParser(config.resolved, "tiny.json")
    other.override("data_loader.args.data_dir", str(tmp_path))
    with pytest.raises(InputError, match="the corpus tiny is not what it was"):
        train(other, resume=whole_dir / "last.pt")
