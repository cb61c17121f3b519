"""The built-in corpus: what its lines promise to readers, and that a hand is what its docstrings say."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from data_loader.synthetic.lines import synthetic_lines, writer_texts
from data_loader.synthetic.pen import pen_speed, resample, smooth
from data_loader.synthetic.writer import SECONDS_PER_TICK, Writer, hershey_faces
from ink.strokes import InkLine, pen_strokes

PRINTABLE = {chr(code) for code in range(32, 127)}


@pytest.fixture(scope="module")
def lines() -> list[InkLine]:
    return list(synthetic_lines(num_writers=24, lines_per_writer=6, valid_writers=4))


@pytest.fixture(scope="module")
def writers() -> list[Writer]:
    faces = hershey_faces()
    return [Writer(np.random.default_rng(number), faces) for number in range(12)]


def ink_bytes(**arguments: int) -> list[bytes]:
    corpus = synthetic_lines(num_writers=2, lines_per_writer=3, valid_writers=1, **arguments)
    return [line.text.encode() + line.points.tobytes() + line.times.tobytes() for line in corpus]


def shape(points: np.ndarray) -> np.ndarray:
    """The first pen stroke at 16 even steps of its length (16, 2), centred: to compare two writings of a letter."""
    stroke = pen_strokes(points)[0].astype(float)
    arc = np.cumsum(np.append(0, np.hypot(*np.diff(stroke, axis=0).T)))
    even = resample(stroke, arc, np.array([0]), np.array([15]))[0]
    return even - even.mean(axis=0)


def test_same_seed_same_bytes_and_another_seed_other_lines():
    assert ink_bytes(seed=7) == ink_bytes(seed=7)
    assert not set(ink_bytes(seed=7)) & set(ink_bytes(seed=8))


def test_a_writers_lines_do_not_depend_on_how_many_others_there_are(lines):
    fewer = list(synthetic_lines(num_writers=3, lines_per_writer=2, valid_writers=0))
    by_id = {line.id: line for line in lines}
    assert all(np.array_equal(line.points, by_id[line.id].points) for line in fewer)


def test_lines_keep_the_contract_of_ink_lines(lines):
    assert len({line.id for line in lines}) == len(lines) == 24 * 6
    for line in lines:
        assert line.points.dtype == np.float32 and line.points.shape[1] == 3 and len(line.points) >= 2
        assert np.isfinite(line.points).all()
        assert set(np.unique(line.points[:, 2])) <= {0.0, 1.0} and line.points[-1, 2] == 1
        assert line.times.dtype == np.float64 and len(line.times) == len(line.points)
        assert line.times[0] == 0 and (np.diff(line.times) > 0).all()
        moved = np.abs(np.diff(line.points[:, :2], axis=0)).max(axis=1)
        assert (moved > 0).all(), f"{line.id} repeats a point"


def test_pen_is_sampled_at_a_constant_clock_within_strokes(lines):
    for line in lines:
        down = line.points[:-1, 2] == 0
        assert np.allclose(np.diff(line.times)[down], SECONDS_PER_TICK)
        assert (np.diff(line.times)[~down] > 1.5 * SECONDS_PER_TICK).all()


def test_writers_are_apart_and_the_last_are_for_validation(lines):
    by_split = {split: {line.writer for line in lines if line.split == split} for split in ("train", "valid")}
    assert {line.split for line in lines} == {"train", "valid"}
    assert not by_split["train"] & by_split["valid"]
    assert by_split["valid"] == {"w020", "w021", "w022", "w023"}


def test_plain_lines_are_printed_letter_by_letter_without_rare_signs(lines):
    plain = list(synthetic_lines(num_writers=6, lines_per_writer=20, valid_writers=1, plain=True))
    assert all(len(pen_strokes(line.points)) >= len(line.text.replace(" ", "")) for line in plain)
    assert any(len(pen_strokes(line.points)) < len(line.text.replace(" ", "")) for line in lines)
    assert not set("#*<>@[]^_`{|}~") & set("".join(line.text for line in plain))


def test_plain_texts_have_words_that_begin_with_capitals_in_place_of_words_in_capitals():
    in_capitals, titled = re.compile(r"\b[A-Z]{3,}\b"), re.compile(r"(?:[A-Z][a-z']* ){3,}")
    usual, plain = ("\n".join(writer_texts(1, 0, 1500, plain=plain)) for plain in (False, True))
    assert len(in_capitals.findall(usual)) > 30 and not in_capitals.findall(plain)
    assert len(titled.findall(plain)) > 30 > len(titled.findall(usual))


def test_default_corpus_has_a_hundred_writers_and_more():
    defaults = synthetic_lines.__kwdefaults__
    assert defaults["num_writers"] - defaults["valid_writers"] >= 100
    assert next(synthetic_lines()).id == "w000-00"


@pytest.mark.parametrize("arguments", [{"num_writers": 2, "valid_writers": 3}, {"lines_per_writer": -1}])
def test_impossible_sizes_are_refused(arguments):
    with pytest.raises(ValueError, match="valid_writers"):
        next(synthetic_lines(**arguments))


def test_every_printable_character_is_common_enough_to_learn_and_to_test():
    texts = [writer_texts(1, number, 50) for number in range(120)]
    everything = Counter("".join(text for lines in texts for text in lines))
    valid = Counter("".join(text for lines in texts[-12:] for text in lines))
    assert set(everything) == PRINTABLE
    assert min(everything.values()) >= 100
    assert min(valid[char] for char in PRINTABLE) >= 3


def test_texts_are_short_lines_that_the_corpus_writes(lines):
    texts = [text for number in range(24) for text in writer_texts(1, number, 6)]
    assert [line.text for line in lines] == texts
    corpus = texts + [text for number in range(24, 60) for text in writer_texts(1, number, 50)]
    assert (min(map(len, corpus)), max(map(len, corpus))) == (8, 30)
    assert all(text == " ".join(text.split()) for text in texts)
    assert len(set(texts)) > 0.95 * len(texts)


def test_points_per_character_are_in_the_band(lines):
    share = sum(len(line.points) for line in lines) / sum(len(line.text) for line in lines)
    assert 12 <= share <= 16


def test_offsets_spread_alike_on_both_axes(lines):
    std = np.concatenate([np.diff(line.points[:, :2], axis=0) for line in lines]).std(axis=0)
    assert 0.6 < std[0] / std[1] < 1.6


def test_pen_is_slower_where_the_path_turns(lines):
    """At a constant speed a step would be as long in a curve as on a straight (the chord is 5 % shorter at 60 deg)."""
    steps, turns = [], []
    for line in lines:
        for stroke in pen_strokes(line.points):
            offsets = np.diff(stroke.astype(float), axis=0)[2:-2]
            if len(offsets) > 1:
                headings = np.unwrap(np.arctan2(offsets[:, 1], offsets[:, 0]))
                turns.extend(np.abs(np.diff(headings)))
                steps.extend(np.hypot(*(offsets[1:] + offsets[:-1]).T) / 2)
    steps, turns = np.array(steps), np.degrees(turns)
    straight, curved = steps[turns < 8], steps[(turns > 30) & (turns < 60)]
    assert min(len(straight), len(curved)) > 500
    assert np.median(curved) < 0.75 * np.median(straight)


def test_speed_follows_the_two_thirds_power_law_on_circles():
    speeds = []
    for radius in (0.5, 2.0):
        angles = np.arange(0, 2 * np.pi, 0.05 / radius)
        circle = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        speeds.append(pen_speed(circle, np.array([0]))[len(circle) // 2])
    assert np.log(speeds[1] / speeds[0]) / np.log(4) == pytest.approx(1 / 3, abs=0.05)


def test_pen_starts_and_ends_a_long_stroke_slowly():
    line = np.stack([np.arange(0, 4, 0.05), np.zeros(80)], axis=1)
    speed = pen_speed(line, np.array([0]))
    assert max(speed[0], speed[-1]) < 0.5 * speed[40]


def test_resampling_and_smoothing_leave_the_ends_of_strokes_where_they_are():
    path = np.array([[0, 0], [1, 2], [2, 0], [9, 9], [10, 9]], float)
    starts = np.array([0, 3])
    even, new_starts = resample(path, np.array([0, 1, 2, 0, 1], float), starts, np.array([4, 2]))
    soft = smooth(even, new_starts, 6)
    assert new_starts.tolist() == [0, 5]
    assert even[1].tolist() == [0.5, 1] and even[6].tolist() == [9.5, 9]
    assert np.array_equal(soft[[0, 4, 5, 7]], even[[0, 4, 5, 7]])
    assert soft[2, 1] < 2


@pytest.mark.parametrize("char", sorted(PRINTABLE - {" "}))
def test_every_character_leaves_ink(writers, char):
    for number, writer in enumerate(writers):
        points, _ = writer.write(char, np.random.default_rng(number))
        assert len(points) >= 2 and np.ptp(points[:, :2], axis=0).max() > 1


@pytest.mark.parametrize("char", "aegr")
def test_a_letter_is_more_like_itself_than_like_another_writers(writers, char):
    drawn = [[shape(w.write(char, np.random.default_rng(again))[0]) for again in (1, 2)] for w in writers]
    own = np.mean([np.abs(first - second).mean() for first, second in drawn])
    others = np.mean([np.abs(drawn[i][0] - drawn[i - 1][1]).mean() for i in range(len(drawn))])
    assert own < 0.25 * others


def test_capitals_rise_above_small_letters_with_y_downward(writers):
    for writer in writers:
        small, _ = writer.write("x", np.random.default_rng(0))
        pair, _ = writer.write("xX", np.random.default_rng(0))
        assert pair[:, 1].min() < small[:, 1].min() - 5


def test_dots_come_after_their_stem_and_above_it(writers):
    for writer in writers:
        stem, dot = pen_strokes(writer.write("i", np.random.default_rng(3))[0])
        assert dot[:, 1].max() < stem[:, 1].mean()


def test_joined_script_lifts_the_pen_between_words_only(writers):
    script = next(writer for writer in writers if writer.style.script == 1)
    strokes = []
    for join in (0.0, 1.0):
        script.style = replace(script.style, join=join)
        points, _ = script.write("mum ran", np.random.default_rng(0))
        strokes.append(int(points[:, 2].sum()))
    assert strokes == [6, 2]


def test_late_dots_wait_for_the_joined_letters_and_others_do_not(writers):
    script = next(writer for writer in writers if writer.style.script == 1)
    dots = []
    for late in (False, True):
        script.style = replace(script.style, join=1.0, dots_late=late)
        points, _ = script.write("inn", np.random.default_rng(0))
        strokes = pen_strokes(points)
        stem = np.concatenate(strokes)[:, 1].mean()
        dots.append([bool(stroke[:, 1].max() < stem) for stroke in strokes])
    assert dots == [[False, True, False], [False, True]]


def test_writing_moves_rightward_and_longer_texts_are_longer(writers):
    for writer in writers:
        widths = [np.ptp(writer.write(text, np.random.default_rng(0))[0][:, 0]) for text in ("on", "on and on")]
        assert widths[1] > 3 * widths[0]
