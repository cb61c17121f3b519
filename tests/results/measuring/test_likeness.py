"""Who the lines that a network wrote are taken for."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from base.base_model import Sample
from ink.strokes import InkLine
from model.reading.embedding import HandwritingEmbedding
from results.measuring.likeness import REFERENCES, likeness, writers_apart
from results.reading.embedder import Embedder
from results.writing.lines import Style
from results.writing.writer import Writer
from tests.results.recognizers import line_of
from tests.results.writers import writer
from tests.tiny import tiny_config, write_corpus
from utils.checkpoint import save_checkpoint
from utils.errors import InputError

LEANS = {"ann": -0.6, "bob": 0.0, "cyd": 0.6}
TEXT = "abc defg cab bag"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of three writers, who lean differently and write on letters' lines, and of one with too few lines."""
    lines = []
    for name, lean in [*LEANS.items(), ("few", 0.3)]:
        for n in range(REFERENCES + 4 if name != "few" else 3):
            ink = line_of(TEXT.replace(" ", ""), n, id=f"{name}-{n}", writer=name, split="valid")
            points = ink.points.copy()
            points[:, 0] += lean * points[:, 1]
            lines.append(replace(ink, text=TEXT, points=points))
    short = [line_of("cab", n, id=f"short-{n}", writer="ann", split="valid") for n in range(30)]
    write_corpus(tmp_path / "leaning", [*lines, *short, line_of("abc", split="train")])
    return tmp_path


@pytest.fixture
def embedder(monkeypatch: pytest.MonkeyPatch) -> Embedder:
    """A network that looks at the lean of the strokes alone."""

    def embed(_: Embedder, lines: Sequence[InkLine]) -> np.ndarray:
        leans = [np.polyfit(*(np.diff(line.points[:, :2], axis=0).T[::-1]), 1)[0] for line in lines]
        return np.stack([np.cos(leans), np.sin(leans)], 1)

    monkeypatch.setattr(Embedder, "embed", embed)
    return Embedder(HandwritingEmbedding(), {"corpus": "leaning", "alphabet": "ab", "std": [1.0, 1.0]}, {}, Path("e"))


def copying(style: str | None) -> Callable[..., list[Sample]]:
    """A way of writing that repeats the style, or the ink of the writer `style`."""
    lean = LEANS.get(style or "", 0.0)

    def draw(self: Writer, texts: Sequence[str], seeds: object, bias: float, given: Style) -> list[Sample]:
        points = line_of("abcdefg").points.copy()
        points[:, 0] += lean * points[:, 1]
        return [Sample(given.strokes if style is None else self.strokes(points), None, True) for _ in texts]

    return draw


def test_lines_of_each_writer_are_drawn_without_repeat(folder: Path) -> None:
    chosen = writers_apart("leaning", None, judged=2, data_dir=folder)
    assert list(chosen) == ["ann", "bob", "cyd"]
    for name, (references, judged) in chosen.items():
        ids = [line.id for line in references + judged]
        assert len(set(ids)) == REFERENCES + 3 and len(judged) == 3 and all(line.startswith(name) for line in ids)
    assert list(writers_apart("leaning", ["valid"], writers=2, judged=2, data_dir=folder, seed=3)) != list(chosen)
    with pytest.raises(InputError, match="0 writers have 49 lines"):
        writers_apart("leaning", None, judged=40, data_dir=folder)
    with pytest.raises(InputError, match="0 writers"):
        writers_apart("leaning", None, judged=2, data_dir=folder, alphabet="abc")


@pytest.mark.parametrize(("style", "rate"), [(None, 1.0), ("cyd", 1 / 3)])
def test_written_lines_are_given_to_the_writer_whom_they_look_like(
    style: str | None, rate: float, folder: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "draw_lines", copying(style))
    lines = writers_apart("leaning", None, judged=2, data_dir=folder)
    numbers = likeness(embedder, writer(corpus="leaning"), lines)
    assert numbers["n_real"] == numbers["n_written"] == 6 and numbers["rate_real"] == 1
    assert numbers["rate_written"] == pytest.approx(rate) and numbers["ratio"] == pytest.approx(rate)
    if style:
        assert {name: part["written"] for name, part in numbers["by_writer"].items()} == {"ann": 0, "bob": 0, "cyd": 1}
    assert "rate_written" not in likeness(embedder, None, lines)


@pytest.mark.usefixtures("embedder")
def test_the_command_prints_a_table(
    folder: Path,
    experiments_cli: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, model in (("writer", writer().model), ("embedder", HandwritingEmbedding(hidden_sizes=[6], joins=[2]))):
        config = tiny_config(folder, folder, type(model).__name__).resolved
        sizes = {"hidden_size": 8, "num_layers": 1, "line_end": False, "features": "motion"}
        config["arch"]["args"] |= sizes if name == "writer" else {"embedding_size": 64}
        config["arch"]["args"] |= {"num_mixtures": 2} if name == "writer" else {}
        content = {"config": config, "facts": {**writer(corpus="leaning").facts, "mean_points_per_char": 8.0}}
        save_checkpoint(folder / f"{name}.pt", {**content, "model": model.state_dict()})
    monkeypatch.setattr(Writer, "draw_lines", copying(None))
    named = ("--embedder", folder / "embedder.pt", "--corpus", "leaning", "--data-dir", folder, "--n", 2)
    code, out, err = experiments_cli("-r", folder / "writer.pt", "alike", *named)
    assert code == 0, err
    assert "bob" in out and "100.0%" in out and "1.00 times as often" in out
    assert json.loads(Path("out/alike.json").read_text())["n_written"] == 6


@pytest.mark.parametrize("options", [{"writers": 1}, {"judged": 0}])
def test_too_few_to_compare_are_refused(folder: Path, options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="1 or more of 2 writers or more"):
        writers_apart("leaning", None, data_dir=folder, **options)
