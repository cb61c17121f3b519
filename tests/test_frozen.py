"""The bundled networks write, read and score, and training goes, as in figures recorded before.

`frozen.json` has the figures. A change that means to alter one records them anew, and its commit says why:

    DUCTUS_RECORD=1 python -m pytest tests/test_frozen.py

Scores and readings hold on every machine. Strokes and losses are held bit for bit, which different processors do not
give, so they are recorded per machine; on a machine without a record these tests are skipped.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import experiments
import prepare_data
from data_loader.synthetic.digits import synthetic_digits
from data_loader.synthetic.lines import synthetic_lines
from render.ink.page import lay_out
from results.writing.styles import load_style
from tests.tiny import run_main, write_corpus

ROOT = Path(__file__).parent.parent
PRETRAINED = ROOT / "saved" / "pretrained"
RECORD = Path(__file__).with_name("frozen.json")
CONFIGS = sorted(path.name for path in ROOT.glob("config_*.json") if '"init_from"' not in path.read_text())
"""The configs of networks that are trained from the beginning."""
WRITERS: dict[str, tuple[str | None, int, float, str | None]] = {
    "conditional.pt": ("The pen writes what was", 2, 0.5, None),
    "conditional.pt --style": ("what was never written.", 1, 1.0, "4"),
    "unconditional.pt": (None, 1, 0.5, None),
    "digits.pt": ("2026 1984", 1, 0.5, None),
}
"""Text, number of writings, bias and style, by the recorded name."""
WITH_LM = ["--lm", PRETRAINED / "language.npz", "--lm-weight", "1.1", "--length-bonus", "2.1"]
SMALL = {
    "trainer.max_batches": 5,
    "trainer.log_steps": 1,
    "trainer.precision": "float32",
    "trainer.show_epochs": 0,
    "trainer.tensorboard": False,
    "data_loader.args.batch_size": 4,
}
Run = Callable[..., str]


def machine() -> str:
    """The processor, torch's version and the instructions that it uses: what bits depend on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    cpu = dict(line.replace("\t", "").split(":", 1) for line in lines if ":" in line)
    name = [cpu.get(key, "?").strip() for key in ("vendor_id", "cpu family", "model")]
    return " ".join([*name, torch.backends.cpu.get_cpu_capability(), torch.__version__])


def hold(name: str, figures: Any, *, bit_for_bit: bool) -> None:
    """Compare figures with those recorded under a name; record them where DUCTUS_RECORD is set."""
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    place = machine() if bit_for_bit else "everywhere"
    if os.environ.get("DUCTUS_RECORD"):
        record.setdefault(place, {})[name] = figures
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
        return
    if bit_for_bit and name not in record.get(place, {}):
        pytest.skip(f"nothing is recorded for {place}; DUCTUS_RECORD=1 records this machine")
    expected = record[place][name]
    assert figures == (expected if bit_for_bit else pytest.approx(expected, rel=1e-5))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a script with a command line in a folder of its own: what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(script: Any, *arguments: object) -> str:
        code, out, err = run_main(script, [str(argument) for argument in arguments], monkeypatch, capsys)
        assert code == 0, err
        return out

    return run


@pytest.fixture(scope="module")
def corpora(data_dir: Path) -> Path:
    """The folder with the corpus "tiny", and with "tiny-digits" and "legible", whose lines are not thinned."""
    write_corpus(data_dir / "legible", synthetic_lines(num_writers=3, lines_per_writer=5, valid_writers=1))
    write_corpus(data_dir / "tiny-digits", synthetic_digits(num_writers=3, times_each=1, valid_writers=1))
    return data_dir


def polyline(stroke: np.ndarray) -> str:
    """A stroke (n, 2) as text, from point to point."""
    points = [f"{x:.3f} {y:.3f}" for x, y in stroke]
    return f"M{points[0]} L" + " ".join(points[1:] or points)


@pytest.mark.parametrize("network", WRITERS)
def test_what_a_seed_writes(network: str) -> None:
    writer: Any = experiments.load(PRETRAINED / network.split()[0])
    text, n, bias, style = WRITERS[network]
    chosen = load_style(writer, style) if style else None
    writings = writer.write_copies(text, n, bias=bias, seed=3, style=chosen)
    paths = [[polyline(stroke) for stroke in page.strokes] for writing in writings for page in lay_out(writing.lines)]
    hold(f"write {network}", hashlib.sha256(json.dumps(paths).encode()).hexdigest(), bit_for_bit=True)


@pytest.mark.parametrize(
    ("network", "corpus"),
    [
        ("conditional.pt", "legible"),
        ("unconditional.pt", "legible"),
        ("digits.pt", "tiny-digits"),
        ("recognition.pt", "legible"),
        ("digit_recognition.pt", "tiny-digits"),
    ],
)
def test_what_a_network_scores(network: str, corpus: str, run: Run, corpora: Path, tmp_path: Path) -> None:
    where = ("--corpus", corpus, "--split", "valid", "--data-dir", corpora)
    run(experiments, "-r", PRETRAINED / network, "--device", "cpu", "evaluate", *where, "--out", tmp_path)
    numbers = json.loads((tmp_path / "evaluate.json").read_text())
    figures = {name: value for name, value in numbers.items() if isinstance(value, float) and "second" not in name}
    assert len(figures) >= 2
    hold(f"evaluate {network}", figures, bit_for_bit=False)


@pytest.mark.parametrize("options", [[], WITH_LM])
def test_what_is_read_in_ten_lines(options: list[object], run: Run, corpora: Path, tmp_path: Path) -> None:
    run(prepare_data, "export", "legible", "lines.jsonl", "--data-dir", corpora)
    ten = "".join((tmp_path / "lines.jsonl").read_text().splitlines(keepends=True)[:10])
    (tmp_path / "ten.jsonl").write_text(ten)
    rows = run(
        experiments, "-r", PRETRAINED / "recognition.pt", "read", "ten.jsonl", "--spacings", 1, *options
    ).splitlines()
    assert len(rows) == 10
    hold("read with a language model" if options else "read", {row: 1 for row in rows}, bit_for_bit=False)


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS)
def test_ten_steps_of_training(config: str, corpora: Path, tmp_path: Path, train_cli: Callable[..., Any]) -> None:
    corpus = "tiny-digits" if "digit" in config else "tiny"
    options = [option for key, value in SMALL.items() for option in ("--set", f"{key}={json.dumps(value)}")]
    where = ("--corpus", corpus, "--set", f"data_loader.args.data_dir={corpora}", "--device", "cpu")
    code, _, err = train_cli(
        "-c", ROOT / config, "--epochs", 2, "--set", f"trainer.save_dir={tmp_path}", *where, *options
    )
    assert code == 0, err
    (log,) = tmp_path.glob("log/*/*/metrics.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    timings = re.compile("second|minute|time")
    numbers = [{name: value for name, value in line.items() if not timings.search(name)} for line in lines]
    assert sum("loss" in line for line in numbers) >= 10
    hold(f"train {config}", numbers, bit_for_bit=True)
