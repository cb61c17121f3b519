"""Probabilities of texts and words by the CTC head are those of all paths, counted one by one."""

import math
from dataclasses import replace

import pytest
import torch

from model.language.training import train_language_model
from model.reading.decoding import Search
from model.reading.posteriors import UNLISTED, ctc_log_probs, text_posteriors, word_spans
from model.reading.recognizer import Reading
from tests.model.readers import ctc_texts, one_line, random_reading, recognizer

SPACE = 0
A, B = 1, 2


def probability(texts: dict[tuple[int, ...], float], *some: tuple[int, ...]) -> float:
    return sum(texts.get(text, 0.0) for text in some)


def shown(*classes: int, blank: int = 3, sharpness: float = 1.5) -> Reading:
    """A line whose frames show these classes, each with some doubt."""
    logits = torch.randn(1, len(classes), blank + 1, generator=torch.Generator().manual_seed(1)) / 4
    logits[0, range(len(classes)), classes] += sharpness
    return Reading(logits, torch.ones(1, len(classes), dtype=torch.bool), logits, None, None, 1.0)


@pytest.mark.parametrize(
    ("text", "spans"),
    [([], []), ([1, 2], [(0, 2)]), ([0, 1, 0, 0, 2, 1, 0], [(1, 2), (4, 6)]), ([0, 0], [])],
)
def test_words_are_what_is_between_spaces(text: list[int], spans: list[tuple[int, int]]) -> None:
    assert word_spans(text, SPACE) == spans
    assert word_spans(text, None) == ([(0, len(text))] if text else [])


def test_texts_of_different_lengths_get_the_sum_of_their_paths() -> None:
    model = recognizer(1.0, alphabet_size=3)
    reading = random_reading([4, 2, 5], model)
    frames = [one_line(reading, n).frame_logits[0].log_softmax(-1) for n in range(3)]
    texts = [(1, 2), (), (2, 2, 0)]
    expected = [math.log(ctc_texts(one_line(reading, n).frame_logits[0])[text]) for n, text in enumerate(texts)]
    assert ctc_log_probs(frames, texts) == pytest.approx(expected, rel=1e-6)
    assert ctc_log_probs([], []) == [] and ctc_log_probs(frames[1:2], [(1, 1)]) == [-math.inf]


def test_a_line_is_as_probable_as_its_text_with_and_without_spaces_at_its_ends() -> None:
    model = recognizer(1.0, alphabet_size=3)
    reading = random_reading([5], model)
    texts = ctc_texts(reading.frame_logits[0])
    (plain,), (spaced,) = (text_posteriors(model, reading, [text], SPACE) for text in ([A, B], [A, B, SPACE]))
    same = probability(texts, (A, B), (SPACE, A, B), (A, B, SPACE), (SPACE, A, B, SPACE))
    assert math.exp(plain.line) == pytest.approx(same, rel=1e-5) == math.exp(spaced.line)
    assert plain.words == pytest.approx([plain.line]) and spaced.words == pytest.approx([spaced.line])
    (letters,) = text_posteriors(model, reading, [[A, B]], None)
    assert math.exp(letters.line) == pytest.approx(probability(texts, (A, B)), rel=1e-5)


def test_a_word_is_judged_by_the_ink_between_its_spaces_and_has_alternatives_there() -> None:
    blank = 3
    reading = shown(A, blank, SPACE, B, A, SPACE, blank, B)
    model = recognizer(1.0, alphabet_size=3)
    text = [A, SPACE, B, A, SPACE, B]
    pieces = [(0, 3), (2, 6), (5, 8)]
    words = [ctc_texts(reading.frame_logits[0, begin:end]) for begin, end in pieces]
    (posterior,) = text_posteriors(model, reading, [text], SPACE)
    same = [
        probability(words[0], (A, SPACE), (SPACE, A, SPACE)),
        probability(words[1], (SPACE, B, A, SPACE)),
        probability(words[2], (SPACE, B), (SPACE, B, SPACE)),
    ]
    assert [math.exp(nats) for nats in posterior.words] == pytest.approx(same, rel=1e-5)
    ((first, second, _),) = (some.others for some in text_posteriors(model, reading, [text], SPACE, others=2))
    assert len(first) == len(second) == 2 and (B, A) not in second and (A,) not in first
    assert list(second.values()) == sorted(second.values(), reverse=True)
    for other, nats in second.items():
        assert math.exp(nats) == pytest.approx(probability(words[1], (SPACE, *other, SPACE)), rel=1e-5)
    others = {text[1:-1]: p for text, p in words[1].items() if len(text) > 2 and text[0] == text[-1] == SPACE}
    del others[B, A]
    assert max(others, key=others.__getitem__) == next(iter(second))


def test_a_word_is_at_least_as_sure_as_its_line_wherever_its_space_is() -> None:
    blank = 3
    reading = shown(A, blank, SPACE, B, sharpness=9.0)
    assert reading.frame_logits is not None
    reading.frame_logits[0, 1, SPACE] = reading.frame_logits[0, 2, blank] = 9.0  # in the one frame or in the other
    (posterior,) = text_posteriors(recognizer(1.0, alphabet_size=3), reading, [[A, SPACE, B]], SPACE)
    assert posterior.line > math.log(0.7) and min(posterior.words) >= posterior.line


@pytest.mark.parametrize("bonus", [0.0, 1.5])
def test_with_a_language_model_a_word_competes_with_listed_and_unlisted_texts_of_its_ink(bonus: float) -> None:
    blank = 3
    reading, text = shown(A, blank, SPACE, B, A, SPACE, blank, B), [A, SPACE, B, A, SPACE, B]
    language = train_language_model(["a ba b", "b aa b", "a bb", "ab b"] * 2, " ab", 3).model
    search = Search(4, 1.0, language, 0.7, bonus)
    (posterior,) = text_posteriors(recognizer(1.0, alphabet_size=3), reading, [text], SPACE, search=search, others=9)
    (by_ink,) = text_posteriors(recognizer(1.0, alphabet_size=3), reading, [text], SPACE, others=9)
    pieces, spans = [(0, 3), (2, 6), (5, 8)], word_spans(text, SPACE)
    for number, ((begin, end), (first, after)) in enumerate(zip(pieces, spans, strict=True)):
        edges = [[(), (SPACE,)] if end_of_line else [(SPACE,)] for end_of_line in (number == 0, number == 2)]
        shows, scores, total = ctc_texts(reading.frame_logits[0, begin:end]), {}, 0.0
        for other in (tuple(text[first:after]), *posterior.others[number]):
            line = [*text[:first], *other, *text[after:]]
            nats = sum(language.log_probs(tuple(line[:u]))[c] for u, c in enumerate([*line, 3]))
            ink = probability(shows, *{(*before, *other, *behind) for before in edges[0] for behind in edges[1]})
            total += ink
            scores[other] = (math.log(ink) if ink else -math.inf) + 0.7 * nats + bonus * len(other)
        share = total / (total + UNLISTED * (1 - total)) / sum(map(math.exp, scores.values()))
        expected = {other: share * math.exp(score) for other, score in scores.items()}
        assert math.exp(posterior.words[number]) == pytest.approx(expected.pop(tuple(text[first:after])), rel=1e-5)
        assert {k: math.exp(p) for k, p in posterior.others[number].items()} == pytest.approx(expected, rel=1e-5)
        assert set(by_ink.others[number]) == set(expected) and len(expected) > 1
    assert posterior.line == pytest.approx(sum(posterior.words))


def test_a_language_model_without_weight_changes_no_probability() -> None:
    model, reading = recognizer(1.0, alphabet_size=3), shown(A, SPACE, B)
    language = train_language_model(["a b"] * 3, " ab", 3).model
    weightless = text_posteriors(model, reading, [[A, SPACE, B]], SPACE, search=Search(4, 1.0, language), others=2)
    assert weightless == text_posteriors(model, reading, [[A, SPACE, B]], SPACE, others=2)


@pytest.mark.parametrize("lm_weight", [0.0, 0.7])
def test_a_text_that_the_frames_cannot_show_is_improbable_and_no_word_is_lost(lm_weight: float) -> None:
    model = recognizer(1.0, alphabet_size=3)
    search = Search(4, 1.0, train_language_model(["a b a"] * 3, " ab", 3).model, lm_weight)
    (posterior,) = text_posteriors(model, shown(A, B, A), [[A, SPACE, B, SPACE, A]], SPACE, search=search)
    assert posterior.line == -math.inf and posterior.words == [-math.inf] * 3
    (empty,) = text_posteriors(model, shown(3, 3, 3), [[]], SPACE, search=search)
    assert empty.line > -1 and empty.words == []


def test_without_a_ctc_head_characters_multiply() -> None:
    model = recognizer(0.0)
    frames = random_reading([6], model)
    reading = replace(frames, frames=frames.frames.float())
    text = [A, SPACE, B, B]
    (log_probs, _), (posterior,) = model.explain(reading, [text])[0], text_posteriors(model, reading, [text], SPACE)
    nats = log_probs.tolist()
    assert posterior.line == pytest.approx(sum(nats))
    assert posterior.words == pytest.approx([sum(nats[:2]), sum(nats[2:])])
    (posterior,) = text_posteriors(model, reading, [text], SPACE, others=3)
    assert posterior.others == [{}, {}]
