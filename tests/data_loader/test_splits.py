"""Splits: whole writers, lines by lot, the last lines; never a line in two."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_loader.corpus import Corpus
from data_loader.corpus_writer import CorpusWriter
from data_loader.splits import SplitRule, split_lines
from tests.tiny import ink_line
from utils.errors import InputError


def inks(count: int) -> list[bytes]:
    return [number.to_bytes(8, "little") for number in range(count)]


@given(st.lists(st.integers(0, 12), min_size=20, max_size=200), st.floats(0.05, 0.6), st.integers(0, 99))
def test_writers_stay_whole_and_about_the_share_is_for_validation(hands: list[int], share: float, seed: int) -> None:
    writers = [f"w{hand}" for hand in hands]
    if len(set(writers)) < 2:
        return
    try:
        rule, valid = split_lines(SplitRule("writer", share, seed), writers, inks(len(writers)))
    except InputError:
        assert max(map(writers.count, writers)) >= (1 - share) * len(writers) - 1, "only where one hand is all"
        return
    assert rule.by == "writer"
    assert not {w for w, is_valid in zip(writers, valid, strict=True) if is_valid} & {
        w for w, is_valid in zip(writers, valid, strict=True) if not is_valid
    }
    wanted, largest = max(1, round(share * len(writers))), max(map(writers.count, writers))
    assert wanted <= sum(valid) < wanted + largest


def test_random_lines_are_chosen_by_their_ink_not_by_their_place() -> None:
    ink = inks(100)
    _, valid = split_lines(SplitRule("line", 0.2), [""] * 100, ink)
    _, backward = split_lines(SplitRule("line", 0.2), [""] * 100, ink[::-1])
    assert sum(valid) == 20 and backward[::-1] == valid
    assert split_lines(SplitRule("line", 0.2, seed=2), [""] * 100, ink)[1] != valid
    chosen = split_lines(SplitRule("line", 0.2), [""] * 200, [hash for hash in ink for _ in range(2)])[1]
    assert sum(chosen) == 40 and chosen[::2] == chosen[1::2], "equal ink stays together"


def test_order_takes_the_last() -> None:
    assert split_lines(SplitRule("order", 0.1), [""] * 30, inks(30))[1] == [False] * 27 + [True] * 3


@pytest.mark.parametrize(
    ("writers", "by"), [(["a", "a", "b"], "writer"), (["a", "a", "a"], "line"), ([""] * 3, "line")]
)
def test_without_a_word_it_goes_by_writer_where_two_are_known(writers: list[str], by: str) -> None:
    assert split_lines(SplitRule(), writers, inks(3))[0].by == by


def test_writers_held_back_are_for_validation_unless_the_rule_says_otherwise() -> None:
    writers, rule = ["b", "a", "", "c", "b"], SplitRule(valid_share=0.4, held_back=frozenset("bx"))
    applied, valid = split_lines(rule, writers, inks(5))
    assert valid == [True, False, False, False, True] and str(applied) == "by writer, those of a list for validation"
    plain = SplitRule(valid_share=0.4)
    anew = [replace(rule, by="order"), replace(rule, held_back=frozenset("x"))]
    same = [replace(plain, by="order"), plain]
    for changed, other in zip(anew, same, strict=True):
        assert split_lines(changed, writers, inks(5))[1] == split_lines(other, writers, inks(5))[1]
    assert str(split_lines(anew[0], writers, inks(5))[0]).startswith("by order")


def test_what_cannot_be_split_is_said() -> None:
    with pytest.raises(InputError, match=r"3 lines by 1 known writers cannot be split by writer.*--split-by"):
        split_lines(SplitRule("writer"), ["a"] * 3, inks(3))
    for share in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="between 0 and 1"):
            SplitRule(valid_share=share)


def written(folder: Path, lines: list[Any], rule: SplitRule | None = None) -> Corpus:
    with CorpusWriter(folder) as writer:
        for line in lines:
            writer.add(line)
        writer.finish(source="test", how_made="by a test", report={}, split_rule=rule)
    return Corpus(folder)


def test_a_corpus_without_splits_gets_two_that_share_no_line(tmp_path: Path) -> None:
    lines = [ink_line(n, split="", writer=f"w{n % 5}") for n in range(50)]
    corpus = written(tmp_path / "c", lines)
    parts = [set(corpus.lines_of([split]).tolist()) for split in ("train", "valid")]
    assert len(parts[0]) == 40 and not parts[0] & parts[1] and len(parts[0] | parts[1]) == 50
    assert corpus.card["how_split"] == "by writer, 10% for validation, seed 1"
    offsets = np.concatenate([np.diff(corpus.points(line)[:, :2], axis=0) for line in parts[0]])
    np.testing.assert_allclose(corpus.std(["train"]), offsets.astype(float).std(0), rtol=1e-9)


def test_the_sources_own_splits_stay_unless_a_rule_is_given(tmp_path: Path) -> None:
    lines = [ink_line(n, split="mine") for n in range(10)]
    assert written(tmp_path / "a", lines).split_names == ["mine"]
    assert sorted(written(tmp_path / "b", lines, SplitRule("order")).split_names) == ["train", "valid"]
    assert written(tmp_path / "c", [ink_line(1, split="")]).split_names == ["train"], (
        "one line alone is to be looked at"
    )


def test_a_corpus_has_one_unit(tmp_path: Path) -> None:
    lines = [replace(ink_line(n), unit="mm") for n in range(2)]
    corpus = written(tmp_path / "c", lines)
    assert corpus.card["unit"] == "mm" == corpus.line(0).unit
    with pytest.raises(InputError, match=r"train-3: is in an unknown unit, the lines before it in mm"):
        written(tmp_path / "d", [*lines, ink_line(3)])
    assert not (tmp_path / "d").exists()
