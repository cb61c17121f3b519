"""The benchmark of unseen hands: edits are counted over all texts, hands are of the corpora that are there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from base.base_model import Sample
from benchmarks import unseen_hands
from benchmarks.unseen_hands import Source, hands, misread
from ink.strokes import points_to_strokes
from tests.results.recognizers import line_of, recognizer
from tests.results.writers import writer
from tests.tiny import write_corpus

STD = (5.0, 4.0)


def test_edits_and_characters_are_those_of_all_texts() -> None:
    written: list[str] = []

    def draw(_: object, texts: Sequence[str], seeds: Sequence[int], *__: object) -> list[Sample]:
        written.extend(texts)
        assert len(set(seeds)) == len(texts)
        inks = [line_of(text.replace("a", "g").replace(" ", ""), len(text)).points for text in texts]
        return [Sample(points_to_strokes(ink, STD), None, True) for ink in inks]

    *edits, characters = misread(writer(), None, 2, 4, [recognizer(), recognizer()], draw).tolist()
    assert characters == sum(len(text) for text in written) and written
    spaces, wrong = sum(text.count(" ") for text in written), sum(text.count("a") for text in written)
    assert edits == [spaces + wrong] * 2 and wrong


def test_a_corpus_that_is_not_prepared_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def style(*_: Any) -> str:
        return "style"

    monkeypatch.setattr(unseen_hands, "load_style", style)
    monkeypatch.setattr(unseen_hands, "style_of", lambda _, line: line.id)
    sources = (Source("gone", learned=1, judged=0), Source("here", learned=1, judged=0, shortest=2))
    monkeypatch.setattr(unseen_hands, "SOURCES", sources)
    lines = [line_of("abc", n, id=f"{name}-{n}", writer=name) for name in ("ann", "bob", "cyd") for n in range(2)]
    write_corpus(tmp_path / "here", lines)
    groups = dict(hands(writer(), 2, tmp_path))
    assert list(groups) == ["bundled styles", "here", "no line"]
    assert [len(group) for group in groups.values()] == [12, 2, 2] and groups["no line"] == [None, None]
    assert [str(name)[:3] for name in groups["here"]] == ["ann", "bob"]
    assert np.all([group == "style" for group in groups["bundled styles"]])
