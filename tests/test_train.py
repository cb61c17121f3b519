"""The command line of train.py: what it makes, and that nothing that a user can do wrong shows a traceback."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from data_loader.prepare import BUILT_IN
from parse_config import ConfigParser
from tests.tiny import assert_same, ink_line, logged, run_dirs, write_corpus
from trainer.run import train
from utils.checkpoint import load_checkpoint, save_checkpoint

ROOT = Path(__file__).parent.parent
Tiny = Callable[..., ConfigParser]
Cli = Callable[..., tuple[int, str, str]]


def refused(result: tuple[int, str, str], tmp_path: Path) -> str:
    """The message: exit code 2, one line on stderr (faults of a config have one each), no run directory made."""
    code, out, err = result
    assert code == 2 and out == "" and "Traceback" not in err
    assert err.startswith("error: ") and err.endswith("\n")
    assert not (tmp_path / "saved").exists()
    return err


def test_a_new_run_makes_its_directories_and_says_where_the_best_is(
    train_cli: Cli, config_file: Any, tmp_path: Path
) -> None:
    code, out, err = train_cli("-c", config_file(), "--epochs", 1, "--set", "trainer.verbosity=1")
    (run_dir,) = run_dirs(tmp_path)
    assert code == 0 and out == f"the best checkpoint is {run_dir / 'best.pt'}\n"
    assert str(run_dir) in err and "5 steps per epoch" in err
    assert re.search(r"^epoch 1: loss \S+, val_loss .* \(00:\d\d elapsed, 00:00 left in all\)$", err, re.MULTILINE)
    assert sorted(os.listdir(run_dir)) == ["best.pt", "config.json", "last.pt"]
    assert [line["step"] for line in logged(run_dir)] == [1, 2, 3, 4, 5, 5]
    saved = json.loads((run_dir / "config.json").read_text())
    assert saved == load_checkpoint(run_dir / "best.pt")["config"] and saved["trainer"]["epochs"] == 1


def test_check_prints_the_resolved_config_and_makes_nothing(train_cli: Cli, config_file: Any, tmp_path: Path) -> None:
    path = config_file()
    code, out, err = train_cli("-c", path, "--check", "--lr", 0.5, "--set", "arch.args.cell=gru", "--corpus", "nowhere")
    shown = json.loads(out)
    assert code == 0 and err.count("\n") == 1 and "/nowhere: no prepared corpus; a training needs it" in err
    assert (shown["optimizer"]["args"]["lr"], shown["arch"]["args"]["cell"]) == (0.5, "gru")
    assert shown["seed"] == 1 and shown["data_loader"]["args"]["corpus"] == "nowhere"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("name", [path.name for path in ROOT.glob("config_*.json")])
def test_the_configs_that_ship_are_right(train_cli: Cli, name: str) -> None:
    code, _, err = train_cli("-c", ROOT / name, "--check")
    assert code == 0 and all(line.startswith("note: data/") for line in err.splitlines())


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_demo_trains_on_a_built_in_corpus_for_less_than_three_minutes(train_cli: Cli) -> None:
    recipe = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (arguments,) = re.findall(r"train\.py -c (.*)", recipe)
    config, *options = arguments.split()
    code, out, err = train_cli("--check", "-c", ROOT / config, *options)
    resolved = json.loads(out)
    assert (code, err) == (0, "") and resolved["trainer"]["minutes"] < 3
    assert resolved["data_loader"]["args"]["corpus"] in BUILT_IN


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("arch.args.hidden_sizes=3", "did you mean hidden_size?"),
        ("arch.args.hidden_size=-3", "hidden_size"),
        ("arch.args.alphabet_size=3", "filled in by the framework"),
        ("arch.type=Conditional", "did you mean ConditionalHandwriting?"),
        ("data_loader.args.batch_size=0", "batch_size is 0"),
        ("data_loader.args.max_points=1", "leave no line to train on"),
        ("data_loader.args.points_per_char=[3]", "two numbers"),
        ('data_loader.args.train=["nowhere"]', "no split nowhere"),
        ('data_loader.args.valid=["train"]', "both training and validation"),
        ("data_loader.args.corpus=nowhere", "prepare_data.py"),
        ("optimizer.args.lr=-1", "Invalid learning rate"),
        ("optimizer.args.differentiable=true", "filled in by the framework"),
        ("optimizer.args.lr=fast", "expected number"),
        ("lr_scheduler.args.warmup_epochs=-1", "warmup_epochs is -1"),
        ("trainer.epochs=0", "epochs is 0"),
        ("trainer.epochs=true", "expected integer"),
        ("trainer.checkpoint_dir=x", "unknown key"),
        ("trainer.resume={}", "unknown key"),
        ("trainer.monitor=min val_los", "did you mean val_loss?"),
        ("trainer.log_steps=0", "log_steps is 0"),
        ("trainer.precision=float16", "precision"),
        ("trainer.early_stop=0", "early_stop is 0"),
        ("trainer.no.such=1", "nothing to override"),
        ("device=tpu", "expected one of auto, cpu, cuda"),
        ("seed=-1", "seed"),
        ("name=../up", "folder name"),
    ],
)
def test_a_bad_config_is_refused_before_anything_is_made(
    train_cli: Cli, config_file: Any, tmp_path: Path, override: str, message: str
) -> None:
    path = config_file("ConditionalHandwriting")
    assert message in refused(train_cli("-c", path, "--set", override), tmp_path)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("text", ["", "[]", '{"name": "x"}', None])
def test_a_file_that_is_no_config_is_refused(train_cli: Cli, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "bad.json").write_text(text)
    assert "bad.json" in refused(train_cli("-c", tmp_path / "bad.json"), tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has one")
def test_a_device_that_is_not_there_is_refused(train_cli: Cli, config_file: Any, tmp_path: Path) -> None:
    assert "has none" in refused(train_cli("-c", config_file(), "--device", "cuda"), tmp_path)


@pytest.mark.parametrize("arguments", [[], ["-c", "a", "-r", "b"], ["-c", "a", "--epochs", "many"], ["--no-such"]])
def test_a_bad_command_line_is_argparses_to_refuse(train_cli: Cli, arguments: list[str]) -> None:
    code, _, err = train_cli(*arguments)
    assert code == 2 and err.startswith("error: ") and "Traceback" not in err


def test_a_damaged_corpus_is_refused(train_cli: Cli, config_file: Any, tmp_path: Path) -> None:
    write_corpus(tmp_path / "data" / "tiny", [ink_line(1), ink_line(2, split="valid")])
    os.truncate(tmp_path / "data" / "tiny" / "times.bin", 16)
    message = refused(
        train_cli("-c", config_file(), "--set", f"data_loader.args.data_dir={tmp_path / 'data'}"), tmp_path
    )
    assert "prepare the corpus again" in message


def test_a_loss_that_is_no_number_ends_with_code_2_and_keeps_the_checkpoints(
    train_cli: Cli, config_file: Any, tmp_path: Path
) -> None:
    assert train_cli("-c", config_file(), "--epochs", 1)[0] == 0
    (run_dir,) = run_dirs(tmp_path)
    before = (run_dir / "last.pt").read_bytes()
    content = load_checkpoint(run_dir / "last.pt")
    content["training"]["optimizer"]["param_groups"][0]["lr"] = 1e30
    content["training"]["lr_scheduler"]["base_lrs"] = [1e30]
    save_checkpoint(run_dir / "last.pt", content)
    poisoned = (run_dir / "last.pt").read_bytes()
    code, out, err = train_cli("--resume", run_dir, "--epochs", 3)
    assert (code, out) == (2, "") and "Traceback" not in err and err.count("\n") == 1
    assert re.match("error: the (loss|gradient) is ", err) and "w00" in err and "optimizer.args.lr" in err
    assert (run_dir / "last.pt").read_bytes() == poisoned and before != poisoned


def process(*arguments: Any, by: tuple[str, ...] = (), **settings: Any) -> subprocess.Popen[str]:
    """Start train.py as a process of its own, on one thread; `by` a module such as torchrun's with its arguments."""
    command = [sys.executable, *by, str(ROOT / "train.py"), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=environment, **settings)


@pytest.mark.slow
def test_a_process_that_fails_shows_no_traceback_and_makes_nothing(config_file: Any, tmp_path: Path) -> None:
    with process("-c", config_file(), "--epochs", 0) as failing:
        out, err = failing.communicate(timeout=120)
    assert "epochs is 0" in refused((failing.returncode, out, err), tmp_path)


def test_a_process_killed_by_sigterm_goes_on_as_if_it_never_was(
    train_cli: Cli, tiny: Tiny, config_file: Any, tmp_path: Path
) -> None:
    changes = {"arch__args__dropout": 0.3, "trainer__ema_decay": 0.9, "trainer__epochs": 6}
    whole = train(tiny(**changes)).folder
    with process("-c", config_file(**changes)) as killed:
        while not (actual := set(run_dirs(tmp_path)) - {whole}) or not has_begun(actual):
            assert killed.poll() is None, killed.communicate()[1]
            time.sleep(0.002)
        killed.send_signal(signal.SIGTERM)
        out, err = killed.communicate(timeout=120)
    (run_dir,) = actual
    assert (killed.returncode, err) == (130, "") and f"--resume {run_dir / 'last.pt'}" in out
    assert 0 < load_checkpoint(run_dir / "last.pt")["training"]["step"] < 30, "it was stopped on the way"
    assert train_cli("--resume", run_dir)[0] == 0
    assert_same(run_dir, whole)


def has_begun(actual: set[Path]) -> bool:
    (run_dir,) = actual
    log = run_dir.parents[2] / "log" / "tiny" / run_dir.name / "metrics.jsonl"
    return log.exists() and log.stat().st_size > 0
