"""The trial of a GPU on this machine's CPU, with tiny sizes: it names what is wrong, and what is missing."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from benchmarks import gpu_everything
from benchmarks.bare_machine import PACKAGES, Bar
from benchmarks.gpu_course import LABELS, seconds_of_process
from benchmarks.gpu_everything import CONFIGS, TINY, Trial, try_everything
from benchmarks.random_corpus import random_lines
from data_loader.integrity import line_fault
from tests.test_floors import ROOT

ON_A_BARE_MACHINE = f"""
import sys
sys.modules.update(dict.fromkeys({PACKAGES}))  # an import of them fails
sys.argv = ["gpu", "--everything", "--tiny"]
from benchmarks import gpu
gpu.main()
"""


@pytest.mark.slow
def test_on_a_bare_machine_every_config_is_tried_and_a_step_taken_apart() -> None:
    ran = subprocess.run([sys.executable, "-c", ON_A_BARE_MACHINE], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert all(name in ran.stdout.splitlines()[0] for name in PACKAGES)
    tried = [line.split(" | ") for line in ran.stdout.splitlines() if line.startswith("| config_")]
    assert [row[0].removeprefix("| ") for row in tried[: len(CONFIGS)]] == CONFIGS
    assert len(tried) == len(CONFIGS) + 8 and {row[-1] for row in tried} == {"ok |"}
    assert all(f"| {part} |" in ran.stdout for part in LABELS if part not in ("average", "of this the window layer"))


def trial_of(tmp_path: Path, minutes: float = 1.0) -> Trial:
    return Trial(TINY, "cpu", tmp_path, minutes, None, None)


def test_what_is_wrong_is_named_and_the_exit_code_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_everything, "CONFIGS", ["config_digits.json"])
    fails = {"run_of": "two devices", "compared": "too slow", "parts": "no profiler", "precisions": "no choice"}
    for name, message in fails.items():

        def failing(trial: Trial, *_: object, message: str = message) -> list[str]:
            raise RuntimeError(message)

        monkeypatch.setattr(Trial, name, failing)
    assert try_everything(TINY, "cpu", 1.0) == 1
    out = capsys.readouterr().out
    assert "| config_digits.json | - | - | - | - | RuntimeError: two devices |" in out
    assert [line.count("RuntimeError") for line in out.splitlines() if line.startswith("WRONG")] == [1] * 11


def test_nothing_is_begun_once_the_time_is_up_and_a_slow_layer_is_wrong(tmp_path: Path) -> None:
    late, trial = trial_of(tmp_path, minutes=0.0), trial_of(tmp_path)
    assert late.attempt("a", lambda: ["done"]) == [] and "time is up" in late.faults["a"]

    def warning() -> list[str]:
        warnings.warn("RNN module weights are not part of single contiguous chunk of memory", stacklevel=1)
        return ["done"]

    assert trial.attempt("b", warning) == ["done"] and "contiguous" in trial.faults["b"]
    assert trial.attempt("c", lambda: ["done"]) == ["done"] and list(trial.faults) == ["b"]


def test_a_prepared_corpus_takes_the_place_of_random_lines(tmp_path: Path) -> None:
    trial = Trial(TINY, "cpu", tmp_path, 1.0, Path("data"), "iam-ondb")
    corpora = {name: trial.config(name)["data_loader"]["args"] for name in CONFIGS}
    assert corpora["config_recognition.json"]["corpus"] == "iam-ondb"
    assert corpora["config_recognition.json"]["data_dir"] == "data"
    assert corpora["config_digits.json"]["corpus"] == "synthetic-digits"
    assert corpora["config_digits.json"]["data_dir"] == str(tmp_path / "data")


def test_the_time_of_this_process_goes_on() -> None:
    before = seconds_of_process()
    assert 0 < before < seconds_of_process() < 86_400


def test_random_lines_are_valid_ink() -> None:
    lines = [*random_lines(18, 40, 5), *random_lines(10, 9, 1)]
    assert not any(map(line_fault, lines))
    assert [line.split for line in lines[:18]].count("valid") == 2
    assert [line.text for line in lines[18:]] == list("0123456789")


def test_a_bar_that_is_none_passes_its_items_on() -> None:
    with Bar([1, 2], total=2, desc="x") as bar:
        bar.set_postfix_str("y")
        assert list(bar) == [1, 2]
    assert Bar.format_interval(61) == "61 s"
