"""Long runs: memory, open files and what lies on the disk stay as they were; a large corpus costs no memory either."""

import os
import re
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from benchmarks.million import load, pen_paths
from results import load as load_network
from results import write
from tests.tiny import ink_line, tiny_config, write_corpus
from trainer import Trainer
from trainer.run import train

STEPS, EARLY = 2_000, 500


def own_memory() -> float:
    """MB that this process has for itself; pages of mapped files are not counted."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"RssAnon:\s+(\d+)", status)[0]) / 1024


def measured() -> tuple[float, int]:
    """Own memory, and how many files stay open: TensorBoard's thread opens one for a moment whenever it writes."""
    files = []
    for _ in range(20):
        files.append(len(os.listdir("/proc/self/fd")))
        time.sleep(0.005)
    return own_memory(), min(files)


def soak(folder: Path) -> tuple[Path, dict[int, tuple[float, int]], list[tuple[float, int]]]:
    """Train for STEPS steps, then write 60 times: the run, what was measured at two steps and after each writing."""
    texts, splits = ["a", "ab"] * 42, ["train"] * 80 + ["valid"] * 4
    lines = [ink_line(n, points=20 + n % 7, text=texts[n], split=splits[n]) for n in range(84)]
    write_corpus(folder / "data" / "tiny", lines)
    recorded: dict[int, tuple[float, int]] = {}
    after_step = Trainer.after_step

    def looking(trainer: Trainer) -> None:
        after_step(trainer)
        if trainer.step in (EARLY, STEPS):
            recorded[trainer.step] = measured()

    small = {"arch__args": {"hidden_size": 8, "num_layers": 1, "num_mixtures": 2, "num_window_components": 1}}
    often = {
        "trainer__tensorboard": True,
        "trainer__show_epochs": 10,
        "trainer__show_lines": 1,
        "trainer__keep_last": 3,
    }
    config = tiny_config(
        folder / "data", folder / "saved", "ConditionalHandwriting", trainer__epochs=STEPS // 20, **small, **often
    )
    Trainer.after_step = looking  # type: ignore[method-assign]
    try:
        run_dir = train(config).folder
    finally:
        Trainer.after_step = after_step  # type: ignore[method-assign]
    writer, written = load_network(run_dir, "cpu"), []
    for count in range(60):
        write(writer, "ab", n=4, seed=count)
        written.append(measured())
    return run_dir, recorded, written


@pytest.mark.slow
def test_two_thousand_steps_and_samples_between_take_no_more_memory_and_files(tmp_path: Path) -> None:
    """In a process of its own: the holes that other tests left in this one's memory would count too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        run_dir, recorded, written = process.submit(soak, tmp_path).result()
    (early, files), (late, files_late) = recorded[EARLY], recorded[STEPS]
    assert late - early < 8 and files_late == files, recorded
    log_dir = run_dir.parents[2] / "log" / "tiny" / run_dir.name
    assert len(list(log_dir.glob("events*"))) == 1
    assert len(os.listdir(run_dir)) == 6 and not list(run_dir.glob(".*"))  # config, best, last and the 3 kept
    (early, files), (late, files_late) = written[20], written[-1]
    assert late - early < 4 and files_late == files, (early, late)


@pytest.mark.slow
def test_a_corpus_of_a_hundred_thousand_lines_starts_at_once_and_takes_no_memory(tmp_path: Path) -> None:
    write_corpus(tmp_path / "large", pen_paths(100_000))
    started = time.process_time()
    numbers = load(tmp_path / "large", 800)
    early, late = (numbers[f"own after {count} batches, MB"] for count in (200, 800))
    assert numbers["own after start, MB"] < 20 and late - early < 2, numbers
    assert numbers["open again to first batch, s"] < 3 and time.process_time() - started < 30, numbers
