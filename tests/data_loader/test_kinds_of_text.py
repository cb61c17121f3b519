"""Lines of each kind of text: of the kind, by writers held back alone, the same for a seed."""

import re
from pathlib import Path

import pytest

from data_loader.composed_text import MONTHS
from data_loader.corpus import Corpus
from data_loader.kinds_of_text import KINDS, prepare_kinds
from tests.data_loader.test_compose import ALL, drawn, word
from tests.tiny import write_corpus
from utils.errors import InputError


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Corpora `words` and `characters` by a (to train on), v and w (held back); w drew no characters."""
    texts = ["minor", "sea", "review", "mean", "sure", "cave"]
    splits = {"a": "train", "v": "valid", "w": "valid"}
    words = [word(text, name, n, split) for name, split in splits.items() for n, text in enumerate(texts)]
    write_corpus(tmp_path / "words", words)
    write_corpus(tmp_path / "characters", [drawn(c, name, n, 1.0) for name in "av" for c in ALL for n in range(2)])
    return tmp_path


def lines_of(folder: Path) -> dict[str, list[tuple[str, str, str]]]:
    corpus = Corpus(folder)
    lines = [corpus.line(n) for n in range(len(corpus))]
    return {kind: [(line.id, line.writer, line.text) for line in lines if line.split == kind] for kind in KINDS}


def test_every_kind_has_its_lines_by_writers_held_back(data_dir: Path) -> None:
    prepare_kinds("words", "characters", data_dir / "made", per_kind=20)
    lines = lines_of(data_dir / "made")
    assert {kind: len(of_kind) for kind, of_kind in lines.items()} == dict.fromkeys(KINDS, 20)
    writers = {kind: {writer for _, writer, _ in of_kind} for kind, of_kind in lines.items()}
    assert writers == {"words": {"v", "w"}} | {key: {"v"} for key in ["numbers", "dates", "capitals", "punctuation"]}
    texts = {kind: [text for _, _, text in of_kind] for kind, of_kind in lines.items()}
    assert all(text.replace(" ", "").isalpha() and text.islower() for text in texts["words"])
    assert all(any(map(str.isdigit, part)) for text in texts["numbers"] for part in text.split())
    assert not any(map(str.isalpha, "".join(texts["numbers"])))
    assert all({part.strip(".,") for part in re.findall(r"[A-Za-z]+", text)} <= {*MONTHS} for text in texts["dates"])
    assert all(any(map(str.isdigit, text)) for text in texts["dates"])
    assert all(text == text.upper() and text.replace(" ", "").isalpha() for text in texts["capitals"])
    assert all(any(map(text.__contains__, ".,:;!?()'\"")) for text in texts["punctuation"])


def test_a_seed_gives_the_same_lines_again_and_another_others(data_dir: Path) -> None:
    for name, seed in {"first": 1, "again": 1, "other": 2}.items():
        prepare_kinds("words", "characters", data_dir / name, per_kind=5, seed=seed)
    first, again, other = (lines_of(data_dir / name) for name in ("first", "again", "other"))
    assert first == again != other
    assert (data_dir / "first" / "points.bin").read_bytes() == (data_dir / "again" / "points.bin").read_bytes()


def test_writers_without_digits_are_an_input_error(data_dir: Path) -> None:
    letters = [drawn(c, name, n, 1.0) for name in "av" for c in "abcdeimnorsuvw" for n in range(2)]
    write_corpus(data_dir / "letters", letters)
    with pytest.raises(InputError, match="writers held back gave 0 lines of numbers, not 3"):
        prepare_kinds("words", "letters", data_dir / "made", per_kind=3)
    assert not (data_dir / "made").exists()
