"""Batches that hold several lines by each of their writers, and tell whose they are."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from data_loader.data_loaders import HandwritingDataLoader
from data_loader.mixture import MixtureEntry
from model.reading.embedding import HandwritingEmbedding
from results.reading.embedder import Embedder
from results.roles import load_as
from tests.tiny import ink_line, tiny_config, write_corpus
from trainer.run import train
from utils.errors import InputError

LINES_OF = {"ann": 9, "bob": 6, "cyd": 5, "": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for corpus, first in (("some", 0), ("others", 100)):
        names = [name for name, count in LINES_OF.items() for _ in range(count)]
        lines = [ink_line(first + n, points=10 + 3 * n % 40, writer=name) for n, name in enumerate(names)]
        held = [ink_line(first + n, split="valid", writer=f"v{n % 2}") for n in range(6)]
        write_corpus(tmp_path / corpus, [*lines, *held])
    return tmp_path


def loader(folder: Path, corpus: Any = "some", **arguments: Any) -> HandwritingDataLoader:
    return HandwritingDataLoader(corpus=corpus, data_dir=str(folder), batch_size=6, lines_per_writer=3, **arguments)


def test_every_line_comes_once_in_groups_of_its_writer(folder: Path) -> None:
    lines = loader(folder)
    for epoch in (1, 2):
        batches = list(lines.at(epoch))
        ids = [name for batch in batches for name in batch.ids]
        assert sorted(ids) == sorted(f"train-{n}" for n in range(22)) and len(batches) == len(lines) == 4
        writers = [writer for batch in batches for writer in batch.writers.tolist()]
        assert sorted(Counter(writers).values()) == [1, 1, 5, 6, 9]  # lines without a writer are strangers
        pairs = Counter(writer for batch in batches for writer in set(batch.writers.tolist()))
        assert max(pairs.values()) <= 4
        assert sum(batch.writers[0] == batch.writers[1] for batch in batches) >= 3
    again = [batch.ids for batch in loader(folder).at(2)]
    assert again == [batch.ids for batch in lines.at(2)] != [batch.ids for batch in lines.at(1)]


def test_a_writer_of_two_corpora_is_one(folder: Path) -> None:
    lines = loader(folder, [MixtureEntry(corpus=name, share=0.5) for name in ("some", "others")])
    by_writer = Counter(writer for batch in lines.at(1) for writer in batch.writers.tolist())
    assert max(by_writer.values()) >= 15
    for batch in lines.validation():
        named = torch.tensor([int(name.split("-")[1]) % 2 for name in batch.ids])
        same = batch.writers.unsqueeze(0) == batch.writers.unsqueeze(1)
        assert torch.equal(same, named.unsqueeze(0) == named.unsqueeze(1))


def test_without_the_setting_no_batch_tells_a_writer(folder: Path) -> None:
    lines = HandwritingDataLoader(corpus="some", data_dir=str(folder), batch_size=6)
    assert all(batch.writers is None for batch in lines.at(1))


def test_a_training_learns_to_tell_writers_apart(folder: Path) -> None:
    """Two writers, of whom one writes upright strokes and the other level ones."""
    lines = []
    for n in range(24):
        line = ink_line(n, writer=f"w{n % 2}", split="valid" if n % 6 > 3 else "train")
        points = line.points.copy()
        points[:, n % 2] *= 0.1
        lines.append(replace(line, points=points))
    write_corpus(folder / "two", lines)
    config = tiny_config(
        folder,
        folder / "saved",
        "HandwritingEmbedding",
        data_loader__args__corpus="two",
        data_loader__args__batch_size=8,
        trainer__epochs=12,
    )
    run = train(config)
    assert run.numbers["val_nearest_writer"] == 1
    embedder = load_as(Embedder, run.folder, "cpu")
    assert isinstance(embedder.model, HandwritingEmbedding)
    known = {name: embedder.centre([line for line in lines if line.writer == name]) for name in ("w0", "w1")}
    held = [line for line in lines if line.split == "valid"]
    assert embedder.writers_of(held, known) == [line.writer for line in held]


def test_lines_that_are_all_by_others_are_refused(tmp_path: Path) -> None:
    write_corpus(tmp_path / "c", [ink_line(n, writer=f"w{n}") for n in range(4)] + [ink_line(9, split="valid")])
    with pytest.raises(InputError, match="no two lines are by one writer"):
        loader(tmp_path, "c")


def test_groups_may_be_larger_than_the_batches_that_are_sorted_together(folder: Path) -> None:
    lines = HandwritingDataLoader(corpus="some", data_dir=str(folder), batch_size=1, lines_per_writer=100)
    assert sum(len(batch.ids) for batch in lines.at(1)) == 22
