"""The language model is what Chen and Goodman's formulas say, written out; its files are safe to read."""

import itertools
import math
import tracemalloc
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.language import ngram as language_model
from model.language import training as language_training
from model.language.ngram import NgramModel, load_language_model
from model.language.training import MIN_DISCOUNT, train_language_model
from tests.data_loader.formats.mutate import mutants
from utils.errors import InputError

TEXT = ["a bad cab", "dad", "abba cab", "bad bad dad", "cabbage", "a", "abacab aba"]
ALPHABET = " abcdeg"


class PlainModel:
    """Interpolated modified Kneser-Ney in dicts: contexts are tuples, "^" the beginning of a line, "$" its end."""

    def __init__(self, lines: list[str], alphabet: str, order: int, min_count: int) -> None:
        self.order, self.classes = order, [*alphabet, "$"]
        raw = [Counter() for _ in range(order)]
        for line in lines:
            characters = ["^", *line, "$"]
            for place in range(1, len(characters)):
                for length in range(min(order, place + 1)):
                    raw[length][(*characters[place - length : place], characters[place])] += 1
        self.counts = [self.before(raw, length) for length in range(order)]
        self.discounts = [self.discount(counts) for counts in self.counts]
        self.after = [defaultdict(dict) for _ in range(order)]
        for length, counts in enumerate(self.counts):
            for gram, count in counts.items():
                came = sum(times for other, times in raw[length].items() if other[:-1] == gram[:-1])
                if came >= min_count or not length:
                    self.after[length][gram[:-1]][gram[-1]] = count

    @staticmethod
    def before(raw: list[Counter], length: int) -> dict:
        longer = Counter(gram[1:] for gram in raw[length + 1]) if length + 1 < len(raw) else {}
        return {gram: longer.get(gram, 0) or count for gram, count in raw[length].items()}

    @staticmethod
    def discount(counts: dict) -> list[float]:
        n = [max(sum(count == k for count in counts.values()), 1) for k in range(5)]
        y = n[1] / (n[1] + 2 * n[2])
        return [
            0.0,
            *(min(max(k - (k + 1) * y * n[k + 1] / n[k], MIN_DISCOUNT), k - MIN_DISCOUNT) for k in (1, 2, 3)),
        ]

    def probability(self, text: str, character: str, length: int | None = None) -> float:
        characters = ["^", *text]
        length = min(self.order - 1, len(characters)) if length is None else length
        if length < 0:
            return 1 / len(self.classes)
        shorter = self.probability(text, character, length - 1)
        after = self.after[length].get(tuple(characters[len(characters) - length :]))
        if after is None:
            return shorter
        taken = [self.discounts[length][min(count, 3)] for count in after.values()]
        own = after.get(character, 0)
        kept = own - self.discounts[length][min(own, 3)]
        return (kept + sum(taken) * shorter) / sum(after.values())


def positions(text: str, alphabet: str = ALPHABET) -> tuple[int, ...]:
    return tuple(alphabet.index(character) for character in text)


@pytest.fixture(scope="module")
def model() -> NgramModel:
    return train_language_model(TEXT, ALPHABET, 4, 1).model


@pytest.mark.parametrize(("order", "min_count"), [(1, 1), (2, 1), (3, 1), (6, 1), (3, 3), (6, 2)])
def test_probabilities_are_those_of_the_formulas_written_out(order, min_count):
    trained = train_language_model(TEXT, ALPHABET, order, min_count).model
    plain = PlainModel(TEXT, ALPHABET, order, min_count)
    for text in ["", "a", "ab", "bad ", "bad bad dad", "gg", "cabb", "e d", "aba" * 9]:
        expected = [math.log(plain.probability(text, character)) for character in plain.classes]
        assert trained.log_probs(positions(text)) == pytest.approx(expected, abs=1e-5)


@settings(max_examples=60)
@given(
    st.lists(st.text("ab c", min_size=1), min_size=1).filter(lambda lines: any(line.strip() for line in lines)),
    st.integers(1, 6),
    st.integers(1, 4),
    st.lists(st.lists(st.integers(0, 4)), min_size=1),
)
def test_probabilities_add_up_to_one_and_none_is_zero(lines, order, min_count, contexts):
    trained = train_language_model(lines, " abcd", order, min_count).model
    log_probs = trained.score_next([tuple(context) for context in contexts])
    assert np.isfinite(log_probs).all()
    assert np.exp(log_probs).sum(1) == pytest.approx(1, abs=1e-6)


def test_many_contexts_at_once_are_each_as_alone(model):
    contexts = [positions(text) for text in ("", "bad", "gga", "bad", "a bad ca")]
    for context, scores in zip(contexts, model.score_next(contexts), strict=True):
        assert np.array_equal(scores, model.log_probs(context))
    assert model.score_next([]).shape == (0, len(ALPHABET) + 1)


def test_contexts_that_came_too_seldom_are_not_kept_and_the_shorter_one_speaks(model):
    seldom = train_language_model(TEXT, ALPHABET, 4, 3).model
    characters = ["^" + line for line in TEXT]
    for length, level in enumerate(seldom.levels):
        came = Counter(line[at - length : at] for line in characters for at in range(max(length, 1), len(line) + 1))
        assert len(level.keys) == sum(count >= 3 for count in came.values()) > 0
    once = [positions("g"), positions("e")]
    assert np.array_equal(*seldom.score_next(once)) and not np.array_equal(*model.score_next(once))


def test_longer_contexts_read_unseen_text_of_a_source_with_memory_better():
    rng = np.random.default_rng(1)
    follows = rng.dirichlet(np.full(6, 0.1), (6, 6, 6))

    def line() -> str:
        characters = [0, 0, 0]
        for _ in range(40):
            characters.append(rng.choice(6, p=follows[tuple(characters[-3:])]))
        return "".join("abcdef"[code] for code in characters[3:])

    contexts_met, unseen = [line() for _ in range(150)], [line() for _ in range(20)]
    nats = []
    for order in (1, 2, 3, 4):
        total, count = train_language_model(contexts_met, "abcdef", order).model.nats(unseen)
        nats.append(total / count)
        assert count == 20 * 41
    assert all(longer < shorter - 0.1 for shorter, longer in itertools.pairwise(nats))


def test_nats_are_those_of_each_character_and_the_end(model):
    expected = [-model.log_probs(positions("cab"[:u]))[c] for u, c in enumerate([*positions("cab"), len(ALPHABET)])]
    total, count = model.nats(["cab", ""])
    assert total == pytest.approx(sum(expected) - model.log_probs(())[-1])
    assert count == 5


def test_spans_have_the_nats_of_their_own_characters_alone(model):
    cab, dad = positions("cab"), positions("dad")
    expected = model.log_probs(cab[:1])[cab[1]] + model.log_probs(cab[:2])[cab[2]]
    end = model.log_probs(dad)[len(ALPHABET)]
    assert model.score_spans([(cab, 1, 3), (dad, 3, 4), (cab, 2, 2)]) == pytest.approx([expected, end, 0])
    assert model.score_spans([]) == []


def test_foreign_characters_are_counted_and_no_context_reaches_across_them():
    trained = train_language_model(["ab\tab ", "", "  ", "aéxa", "é"], "ab ", 3, 1)
    assert (trained.lines, trained.characters, trained.foreign) == (3, 7, {"x": 1, "é": 2})
    others = train_language_model(["ab ab", "a", "a"], "ab ", 1, 1).model
    assert len(trained.model.levels[0].characters) == len(others.levels[0].characters)
    across = trained.model.levels[2]
    assert len(across.keys) == len({"^a", "ab", "b ", " a"})


def test_composed_and_decomposed_letters_are_one():
    assert train_language_model(["e\u0301"], "é", 2, 1).foreign == {}


@pytest.mark.parametrize(
    ("lines", "order", "message"),
    [(["ab"], 0, "order is 0"), (["ab"], 99, "order is 99"), ([], 2, "no character"), (["éé"], 2, "no character")],
)
def test_what_cannot_be_learned_from_is_named(lines, order, message):
    with pytest.raises(InputError, match=message):
        train_language_model(lines, "ab", order)


def test_too_much_text_is_refused_before_it_is_all_read(monkeypatch):
    monkeypatch.setattr(language_training, "MAX_CHARACTERS", 100)
    with pytest.raises(InputError, match="more than 100 characters"):
        train_language_model(iter(lambda: "ab", "never"), "ab", 2)


def test_a_model_read_back_is_the_same(model, tmp_path):
    model.save(tmp_path / "lm.npz")
    again = load_language_model(tmp_path / "lm.npz")
    assert again.alphabet == ALPHABET
    contexts = [positions(text) for text in ("", "bad", "gga", "abba c")]
    assert np.array_equal(again.score_next(contexts), model.score_next(contexts))
    again.require_alphabet(ALPHABET)
    with pytest.raises(InputError, match=r"' abcdegxyz'.*language-model"):
        again.require_alphabet("xyz")


def refused(path: Path) -> str:
    """The one line that a file is refused with."""
    with pytest.raises(InputError) as caught:
        load_language_model(path)
    (line,) = str(caught.value).splitlines()
    assert str(path) in line and len(line) < len(str(path)) + 300
    return line


def test_other_files_are_refused_in_one_line(tmp_path, monkeypatch, model):
    path = tmp_path / "lm.npz"
    assert "no such language model" in refused(path)
    for content in (b"", b"text", b"PK\x03\x04 and no more"):
        path.write_bytes(content)
        assert "not a language model" in refused(path)
    np.savez(path, weights=np.zeros(3))
    refused(path)
    np.savez(path, format=np.array([{"any": "object"}], dtype=object))
    assert "allow_pickle" in refused(path)
    refused(tmp_path)
    model.save(path)
    monkeypatch.setattr(language_model, "MAX_BYTES", 1000)
    assert "unpacked it has" in refused(path)


FAULTS = {
    "keys_1": lambda keys: keys[::-1],
    "keys_2": lambda keys: keys + 10**6,
    "starts_1": lambda starts: starts - 1,
    "starts_2": lambda starts: starts[[0, 2, 1, *range(3, len(starts))]],
    "starts_3": lambda starts: starts[:-1],
    "characters_0": lambda characters: characters + 1,
    "characters_1": lambda characters: characters[::-1],
    "characters_2": lambda characters: characters - 1,
    "shares_0": lambda shares: shares * 0 + np.float32("nan"),
    "shares_1": lambda shares: shares * 2,
    "shares_2": lambda shares: -shares,
    "shares_3": lambda shares: shares.astype(np.float64),
    "alphabet": lambda alphabet: alphabet[::-1],
    "format": lambda name: np.array("n-grams 9"),
}


@pytest.mark.parametrize("part", FAULTS)
def test_parts_that_do_not_fit_are_found(part, model, tmp_path):
    model.save(tmp_path / "lm.npz")
    with np.load(tmp_path / "lm.npz") as file:
        parts = dict(file)
    parts[part] = FAULTS[part](parts[part])
    np.savez(tmp_path / "lm.npz", **parts)
    refused(tmp_path / "lm.npz")


@pytest.mark.parametrize("count", [200, pytest.param(3000, marks=pytest.mark.slow)])
def test_damaged_files_are_refused_or_still_a_model(count, tmp_path):
    path, damaged = tmp_path / "lm.npz", tmp_path / "damaged.npz"
    train_language_model(["ab", "abba"], "ab", 2, 1).model.save(path)
    for mutant in mutants(path.read_bytes(), count, seed=count):
        damaged.write_bytes(mutant)
        try:
            loaded = load_language_model(damaged)
        except InputError as error:
            assert len(str(error).splitlines()) == 1
        else:
            assert np.exp(loaded.score_next([(), (0,)])).sum(1) == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_memory_of_learning_grows_by_less_than_60_bytes_a_character():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh"), rng.integers(1, 9))) for _ in range(3000)]
    lines = [" ".join(rng.choice(words, 6)) for _ in range(15_000)]
    tracemalloc.start()
    trained = train_language_model(lines, " abcdefgh", 8)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * trained.characters + 6e6
