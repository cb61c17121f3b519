"""Lines composed of one writer's words and characters: whose ink it is, where on the line, how large, and when."""

import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader import line_setting
from data_loader.compose import Compose
from data_loader.composed_text import code, date, number, punctuation, text_of
from data_loader.data_loaders import HandwritingDataLoader
from data_loader.ink_measures import measures_of, widest_gap, word_baseline
from data_loader.mixture import MixtureEntry
from data_loader.prepare import open_corpus
from data_loader.prompts import PRINTABLE
from data_loader.sources import LineSource, Visit
from data_loader.transform import Transform
from ink.strokes import InkLine
from tests.data_loader.loaders import same
from tests.tiny import write_corpus

X = 10.0
"""x-height of the writers' words."""
HEIGHTS = {"lower": 1.0, "tall": 1.8, "digit": 1.6, "mark": 0.3}
ALL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;'\"!?()-/$%#&+=@"


def strokes(heights: list[float], bottom: float = 0.0, left: float = 0.0) -> np.ndarray:
    """A row of straight down-strokes five units apart, of these heights and this bottom, drawn in seven points each."""
    rows = [
        [(left + 5 * n, bottom - height * (6 - k) / 6, k == 6) for k in range(7)] for n, height in enumerate(heights)
    ]
    return np.array(rows, np.float32).reshape(-1, 3)


def word(text: str, writer: str, number: int, split: str = "train") -> InkLine:
    """A word of X high down-strokes, two a character, at a place of its own on the paper."""
    return InkLine(f"{writer}-{number}", text, writer, split, strokes([X] * 2 * len(text), 50.0 * number, 7.0 * number))


def drawn(character: str, writer: str, number: int, scale: float) -> InkLine:
    """A character alone, `scale` times larger than it is on a line."""
    is_lower = character in "acemnorsuvwxzgpqy"
    kind = "lower" if is_lower else "digit" if character.isdigit() else "tall" if character.isalpha() else "mark"
    ink = strokes([HEIGHTS[kind] * X * scale] * 2, 30.0 * number)
    return InkLine(f"{writer}-{character}{number}", character, writer, "train", ink)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Corpora `words` and `characters` of writers a (both), b (words alone), c (characters alone), v (validated)."""
    words = [word(text, writer, n) for writer in "ab" for n, text in enumerate(["minor", "sea", "review", "mean"] * 3)]
    words += [word(text, "v", n, "valid") for n, text in enumerate(["sure", "cave", "manner"])]
    write_corpus(tmp_path / "words", words)
    scales = {"a": 2.0, "c": 1.0, "v": 1.0}
    write_corpus(
        tmp_path / "characters",
        [drawn(c, writer, n, scale) for writer, scale in scales.items() for c in ALL for n in range(3)],
    )
    monkeypatch.setattr(line_setting, "UNSTEADY", 0.0)
    return tmp_path


def loader_of(data_dir: Path, kinds: dict[str, float] | None = None, **args: Any) -> HandwritingDataLoader:
    characters = args.pop("characters", "characters")
    compose = Compose(
        words=(2, 4), kinds=kinds or {"words": 1.0}, characters=characters, punctuation=args.pop("marks", 0.0)
    )
    entry = MixtureEntry(corpus="words", share=1, compose=compose, **args.pop("entry", {}))
    return HandwritingDataLoader(corpus=[entry], data_dir=str(data_dir), batch_size=4, **args)


def lines_of(loader: HandwritingDataLoader, writer: str, count: int = 300) -> list[tuple[np.ndarray, str]]:
    source = loader.mixture.sources[0]
    lines = [source.line(n % len(source.lengths), Visit(1, n)) for n in range(count)]
    return [(points, text) for name, points, text in lines if name.startswith(f"{writer}-")]


def test_words_are_a_writers_own_ink_moved_onto_one_baseline(data_dir: Path) -> None:
    lines = lines_of(loader_of(data_dir), "a")
    assert len(lines) > 20
    for points, text in lines:
        words = text.split(" ")
        assert 2 <= len(words) <= 4 and {*words} <= {"minor", "sea", "review", "mean"}
        expected = np.concatenate([word(some, "a", 0).points[:, 1:] for some in words])
        np.testing.assert_allclose(points[:, 1:], expected, atol=1e-4)
        cuts = np.cumsum([14 * len(some) for some in words])
        inks = np.split(points, cuts[:-1])
        for ink, some in zip(inks, words, strict=True):
            np.testing.assert_allclose(np.diff(ink[:, 0]), np.diff(word(some, "a", 0).points[:, 0]), atol=1e-3)
        gaps = [after[:, 0].min() - before[:, 0].max() for before, after in pairwise(inks)]
        assert min(gaps) >= 1.4 * 5 - 1e-3 and max(gaps) < 8 * X


@pytest.mark.parametrize("writer", ["a", "c"])
def test_characters_are_as_large_as_the_writers_words_want_and_stand_in_their_places(
    data_dir: Path, writer: str
) -> None:
    """Writer a draws single characters twice as large as words; c has no words at all."""
    lines = lines_of(loader_of(data_dir, {"numbers": 1.0, "capitals": 1.0, "codes": 0.5}), writer)
    places: dict[str, set[tuple[float, float]]] = {}
    for points, text in lines:
        letters = text.replace(" ", "")
        if len(points) != 14 * len(letters):
            continue  # it has a word of the writer's, whose characters are not drawn alone
        for character, ink in zip(letters, np.split(points, len(letters)), strict=True):
            place = (float(ink[:, 1].min()) / X, float(ink[:, 1].max()) / X)
            places.setdefault(character, set()).add((round(place[0], 3) + 0.0, round(place[1], 3) + 0.0))
    expected = {"7": (-1.6, 0), "D": (-1.8, 0), "n": (-1, 0), "p": (-1, 0), ",": (-0.12, 0.18), "-": (-0.65, -0.35)}
    placed = {character: places[character] for character in expected}
    assert placed == {character: {place} for character, place in expected.items()}


def test_a_writer_of_whom_there_is_no_word_and_no_sound_character_composes_no_line(data_dir: Path) -> None:
    words = [word(text, "a", n) for n, text in enumerate(["minor", "sea", "mean"])]
    wide = strokes([1.0] * 9)  # no letter is so wide
    write_corpus(data_dir / "words", [*words, word(",", "comma", 1), word("cave", "v", 1, "valid")])
    letters = [drawn(c, "a", 1, 1.0) for c in ALL]
    write_corpus(data_dir / "characters", [*letters, InkLine("wide-a", "a", "wide", "train", wide)])
    for characters in ("characters", None):
        source = loader_of(data_dir, characters=characters).mixture.sources[0]
        assert {source.line(0, Visit(1, n))[0].split("-")[0] for n in range(100)} == {"a"}


def test_files_of_one_writer_in_two_units_make_digits_of_one_size(data_dir: Path) -> None:
    letters = [drawn(c, writer, n, 1.0) for writer in "ac" for c in ALL for n in range(3)]
    mixed = [drawn(c, "d", n, 70.0 if c in "02468" else 1.0) for c in ALL for n in range(3)]
    write_corpus(data_dir / "two-units", [*letters, *mixed])
    sizes: list[float] = []
    for points, text in lines_of(loader_of(data_dir, {"numbers": 1.0}, characters="two-units"), "d"):
        signs = text.replace(" ", "")
        inks = np.split(points, len(signs))
        sizes += [float(np.ptp(ink[:, 1])) for sign, ink in zip(signs, inks, strict=True) if sign.isdigit()]
    assert len(sizes) > 50 and max(sizes) < 1.5 * min(sizes)


def test_a_digit_wider_than_any_is_not_used(data_dir: Path) -> None:
    letters = [drawn(c, writer, n, 1.0) for writer in "ac" for c in ALL for n in range(3)]
    wide = [InkLine(f"a-wide{n}", "7", "a", "train", strokes([8.0] * 30)) for n in range(9)]
    write_corpus(data_dir / "wide", [*letters, *wide])
    for points, text in lines_of(loader_of(data_dir, {"numbers": 1.0}, characters="wide"), "a"):
        assert len(points) == 14 * len(text.replace(" ", ""))


def test_a_line_is_of_one_writer_and_no_validated_writer_is_trained_on(data_dir: Path) -> None:
    loader = loader_of(data_dir, {"words": 1.0, "numbers": 1.0})
    names = {batch_id.partition("-")[0] for batch in loader.at(1) for batch_id in batch.ids}
    assert names <= {"a", "b", "c"} and {"a", "b"} <= names
    validated = {batch_id.partition("-")[0] for batch in loader.validation() for batch_id in batch.ids}
    assert validated == {"v"}


def test_a_writer_validated_in_another_corpus_is_not_composed_of(data_dir: Path) -> None:
    """Writer a has words and characters to train on, c characters alone; both are validated by their texts."""
    validated = [word("sea", writer, n, "valid") for n, writer in enumerate("ac")]
    write_corpus(data_dir / "texts", [word("sea", "t", 9), *validated])
    kinds = {"words": 1.0, "numbers": 1.0, "capitals": 1.0}
    compose = Compose(words=(2, 4), kinds=kinds, characters="characters")
    entries = [MixtureEntry(corpus="texts", share=1), MixtureEntry(corpus="words", share=1, compose=compose)]
    alone, mixed = (HandwritingDataLoader(corpus=some, data_dir=str(data_dir)) for some in (entries[1:], entries))
    assert [card["name"] for card in mixed.facts["mixture"]] == ["texts", "words-composed"]
    assert {*writers_drawn(alone.mixture.sources[0])} == {"a", "b", "c"}
    assert {*writers_drawn(mixed.mixture.sources[1])} == {"b"}


def writers_drawn(source: LineSource) -> list[str]:
    """The writers of 200 lines."""
    lines = (source.line(n % len(source.lengths), Visit(1, n)) for n in range(200))
    return [name.partition("-")[0] for name, *_ in lines]


def test_lines_are_made_anew_each_epoch_and_are_a_function_of_seed_epoch_and_line(data_dir: Path) -> None:
    kinds = {"words": 1.0, "numbers": 1.0, "dates": 1.0}
    first, again = loader_of(data_dir, kinds, marks=0.5), loader_of(data_dir, kinds, marks=0.5)
    list(again.at(3))
    assert all(map(same, list(first.at(2))[1:], again.at(2, 1)))
    lines = [{text.tobytes() for batch in first.at(epoch) for text in batch.text.numpy()} for epoch in (1, 2)]
    assert len(lines[0] & lines[1]) < len(lines[0])
    valid = first.validation()
    assert all(map(same, list(valid.at(1)), valid.at(5)))


def test_a_worker_gives_the_same_lines(data_dir: Path) -> None:
    dataset = loader_of(data_dir, {"words": 1.0, "numbers": 1.0}).dataset
    restored = pickle.loads(pickle.dumps(dataset))
    for place in range(len(dataset)):  # type: ignore[arg-type]
        assert dataset[1, place][0] == restored[1, place][0] and (dataset[1, place][1] == restored[1, place][1]).all()


def test_a_composed_line_is_transformed_like_any_other(data_dir: Path) -> None:
    transform = Transform(normalise_size=True, resample_distance=0.5)
    raw, done = loader_of(data_dir), loader_of(data_dir, transform=transform)
    for n in range(5):
        (name, ink, text), (_, changed, _) = (loader.mixture.sources[0].line(n, Visit(1, 1)) for loader in (raw, done))
        expected = transform.line(InkLine(name, text, "", "", ink)).points
        np.testing.assert_array_equal(changed, expected)
    assert done.facts["std"][0] < raw.facts["std"][0]


def test_lengths_are_those_expected_of_the_number_of_words(data_dir: Path) -> None:
    source = loader_of(data_dir).mixture.sources[0]
    made = [source.line(n, Visit(4, 1)) for n in range(len(source.lengths))]
    assert sum(len(points) for _, points, _ in made) == pytest.approx(source.lengths.sum(), rel=0.4)
    assert [text.count(" ") + 1 for _, _, text in made] == [2 + n % 3 for n in range(len(made))]


def test_a_texts_kind_is_of_the_writers_characters_or_none() -> None:
    rng = np.random.default_rng(1)
    for kind in ("words", "numbers", "dates", "capitals", "codes", "signs"):
        known = PRINTABLE if kind == "signs" else ALL
        texts = [text_of(kind, rng, known, lambda: "sea") for _ in range(200)]
        assert all(text and {*text} <= {*known, " "} for text in texts)
        assert len({*texts}) > 50 or kind in ("words", "capitals")
        assert text_of(kind, rng, "", lambda: "sea") is None
    assert (
        text_of("capitals", rng, "SEA", lambda: "sea") == "SEA" and text_of("words", rng, "SE", lambda: "sea") is None
    )
    marks = [punctuation(rng, ".,'\"", 0.5) for _ in range(2000)]
    assert sum(mark != ("", "") for mark in marks) == pytest.approx(1000, rel=0.1)
    assert {before + after for before, after in marks} == {"", ".", ",", "''", '""'}
    assert all(number(rng) and date(rng) and len(code(rng, "ab#")) > 1 for _ in range(50))


@pytest.mark.parametrize(
    ("text", "bottoms"), [("sea", [0] * 6), ("joy", [9, 0, 0, 0, 9]), ("page", [9, 0, 0, 0, 9, 0, 0]), ("of", [0, 9])]
)
def test_descenders_do_not_move_a_words_baseline(text: str, bottoms: list[float]) -> None:
    ink = np.concatenate([strokes([X], bottom, 5.0 * n) for n, bottom in enumerate(bottoms)])
    assert word_baseline(ink, text, X) == 0


def test_the_widest_gap_is_between_strokes_that_do_not_overlap() -> None:
    ink = np.concatenate([strokes([X], left=left) for left in (0, 5, 17, 6)])
    assert widest_gap(ink) == 11 and widest_gap(strokes([X])) == 0


def test_a_corpus_is_measured_once(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = open_corpus("words", data_dir)
    first = measures_of(corpus, data_dir)
    monkeypatch.setattr("data_loader.ink_measures.x_height", lambda _: 1 / 0)
    assert np.array_equal(measures_of(corpus, data_dir), first)
    np.testing.assert_allclose(first["x_height"], X)
    write_corpus(data_dir / "words", [word("other", "a", 1), word("texts", "b", 2, "valid")])
    with pytest.raises(ZeroDivisionError):
        measures_of(open_corpus("words", data_dir), data_dir)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"words": (3, 2)}, r"compose.words is \[3, 2\]"),
        ({"words": (0, 2)}, r"compose.words is \[0, 2\]"),
        ({"kinds": {}}, "compose.kinds has nothing"),
        ({"kinds": {"verse": 1.0}}, r"compose.kinds has \['verse'\]; there are words, numbers"),
        ({"kinds": {"words": -1.0}}, "shares must be 0 or more"),
        ({"kinds": {"numbers": 1.0}}, "compose.characters is missing"),
        ({"punctuation": 1.5}, "compose.punctuation is 1.5"),
    ],
)
def test_what_cannot_be_composed_is_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Compose(**args)


def test_what_is_not_there_is_named(data_dir: Path) -> None:
    with pytest.raises(ValueError, match="nowhere: no prepared corpus"):
        loader_of(data_dir, characters="nowhere")
    write_corpus(data_dir / "unknown", [word("sea", "", 1), word("sea", "", 2, "valid")])
    entry = MixtureEntry(corpus="unknown", share=1, compose=Compose())
    with pytest.raises(ValueError, match="unknown: no known writer in train to compose lines of"):
        HandwritingDataLoader(corpus=[entry], data_dir=str(data_dir))
    with pytest.raises(ValueError, match=r"compose and transform\.join_words exclude each other"):
        loader_of(data_dir, entry={"transform": Transform(join_words=20)})
