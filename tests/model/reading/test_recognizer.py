"""The recognizer and its loss: padding never counts, the sums are those of plain loops, every weight learns."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from base.batch import Batch
from model.loss import ReadingLoss, ctc_nats
from model.reading.pen_features import pen_features
from model.reading.recognizer import (
    BidirectionalLayer,
    Reading,
    Seq2SeqRecognizer,
    frame_mask,
    hidden_spans,
    join_frames,
    reverse_lines,
)
from tests.model.readers import ctc_texts, random_reading, recognizer
from tests.model.small import ALPHABET_SIZE, alone, assert_close, lines

WEIGHTS = [0.0, 0.4, 1.0]
POINTS, CHARACTERS = [9, 30, 14, 2], [2, 5, 1, 0]
LENGTHS = torch.tensor(POINTS)


def batch(dtype: torch.dtype = torch.float64) -> Batch:
    return lines(POINTS, CHARACTERS, dtype)


def dirtied(data: Batch) -> Batch:
    """Return the lines with rubbish for padding."""
    strokes = torch.where(data.stroke_mask.unsqueeze(-1), data.strokes, 7.0)
    return replace(data, strokes=strokes, text=torch.where(data.char_mask, data.text, 3))


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("joins", [[1, 2], [3, 2], [1, 1]])
def test_a_line_is_read_and_counted_the_same_alone_and_in_company(weight, joins, in_float64):
    model, loss = recognizer(weight, joins=joins).double(), ReadingLoss(label_smoothing=0.1)
    together, nats = model(dirtied(batch())), 0.0
    for line, (points, characters) in enumerate(zip(POINTS, CHARACTERS, strict=True)):
        own = model(alone(batch(), line))
        frames = math.ceil(math.ceil(points / joins[0]) / joins[1])
        assert own.frames.shape[1] == together.frame_mask[line].sum() == frames
        assert_close(together.frames[line, :frames], own.frames[0])
        if weight > 0:
            assert_close(together.frame_logits[line, :frames], own.frame_logits[0])
        if weight < 1:
            assert_close(together.char_logits[line, : characters + 1], own.char_logits[0])
            assert_close(together.attention[line, : characters + 1, :frames], own.attention[0])
        assert together.texts[line] == own.texts[0]
        nats += loss(own, alone(batch(), line))[0]
    total, count = loss(together, dirtied(batch()))
    assert_close(total, nats)
    assert count == sum(CHARACTERS)
    assert any(together.texts)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_only_the_heads_that_count_are_made_and_every_weight_learns(weight):
    model = recognizer(weight).train()
    assert (model.ctc is None) == (weight == 0) and (model.decoder is None) == (weight == 1)
    reading = model(batch(torch.float32))
    assert (reading.frame_logits is None) == (weight == 0) and (reading.char_logits is None) == (weight == 1)
    assert reading.texts == []
    ReadingLoss()(reading, batch(torch.float32))[0].backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


@pytest.mark.parametrize("weight", WEIGHTS)
def test_steps_down_the_gradient_teach_it_its_lines(weight, monkeypatch):
    monkeypatch.setattr("model.reading.attention_decoder.WINDOW", (99, 99))  # of two lines it learns any order
    torch.manual_seed(0)
    model = Seq2SeqRecognizer(
        alphabet_size=ALPHABET_SIZE, hidden_sizes=[16], joins=[2], decoder_size=16, dropout=0.0, ctc_weight=weight
    )  # fmt: skip
    data, loss = lines([24, 30], [3, 4]), ReadingLoss()
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(80):
        optimizer.zero_grad()
        total, _ = loss(model(data), data)
        total.backward()
        optimizer.step()
    assert model.eval()(data).texts == [row[mask].tolist() for row, mask in zip(data.text, data.char_mask, strict=True)]


@pytest.mark.parametrize("seed", range(4))
def test_ctc_nats_are_those_of_all_paths_added_up(seed, in_float64):
    reading = random_reading([4, 5, 1], recognizer(1.0, alphabet_size=2), seed)
    texts = [[0, 1], [1, 1], [0]]
    data = lines([2, 2, 2], [2, 2, 1])
    data = replace(data, text=torch.tensor([[0, 1], [1, 1], [0, 0]]))
    nats = ctc_nats(reading.frame_logits, reading.frame_mask, data)
    for line, text in enumerate(texts):
        shown = ctc_texts(reading.frame_logits[line, reading.frame_mask[line]])
        assert nats[line].item() == pytest.approx(-math.log(shown[tuple(text)]), abs=1e-10)


def test_a_text_that_does_not_fit_into_its_frames_counts_nothing_and_harms_nothing():
    reading = random_reading([2, 6], recognizer(1.0))
    logits = reading.frame_logits.clone().requires_grad_()
    data = replace(lines([2, 2], [2, 2]), text=torch.tensor([[1, 1], [1, 1]]))
    nats = ctc_nats(logits, reading.frame_mask, data)
    nats.sum().backward()
    assert nats[0] == 0 < nats[1]
    assert logits.grad.isfinite().all() and (logits.grad[0] == 0).all() and (logits.grad[1] != 0).any()


def test_a_middle_head_has_its_share_of_the_ctc_loss_in_training_alone(in_float64):
    model, data = recognizer(0.5, middle_ctc=0.3).double(), batch()
    plain = recognizer(0.5).double()
    plain.load_state_dict(model.state_dict(), strict=False)
    reading = model(data)
    assert reading.middle is None and torch.equal(ReadingLoss()(reading, data)[0], ReadingLoss()(plain(data), data)[0])
    reading = model.train()(data)
    frames, lengths = (
        model.encoder.layers[0](pen_features(data.strokes, data.stroke_mask, "geometry"), LENGTHS),
        LENGTHS,
    )
    torch.testing.assert_close(reading.middle[0], model.middle_head(frames))
    assert reading.middle[1].sum(1).tolist() == lengths.tolist() == POINTS
    whole, last, first = (
        ReadingLoss()(replace(reading, char_logits=None, middle_ctc=share), data)[0] for share in (0.3, 0.0, 1.0)
    )
    assert_close(whole, 0.7 * last + 0.3 * first)
    assert_close(first, 0.5 * ctc_nats(*reading.middle, data).sum())
    ReadingLoss()(reading, data)[0].backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


def test_spans_are_hidden_anywhere_in_a_line_and_in_training_alone():
    torch.manual_seed(0)
    lengths = torch.tensor([40, 6])
    hidden = torch.stack([(hidden_spans(torch.ones(2, 50, 3), lengths, 1, 8) == 0).all(2) for _ in range(4000)])
    sizes = hidden.sum(2)  # (4000, 2)
    assert sizes[:, 0].unique().tolist() == list(range(9))
    assert (hidden.int().diff(dim=2).abs().sum(2) <= 2).all(), "each is one span"
    assert sizes.float().mean(0)[0].item() == pytest.approx(4, abs=0.2)
    for line, length in enumerate(lengths.tolist()):
        ever = hidden[:, line].float().mean(0)
        assert (ever[:length] > 0.02).all()
        assert line or (ever[8:32].max() / ever[8:32].min() < 1.6 and (ever[length:] == 0).all())
    model, data = recognizer(1.0, hide_spans=(3, 6)), batch(torch.float32)
    plain = recognizer(1.0)
    assert torch.equal(model(data).frames, plain(data).frames)
    torch.manual_seed(1)
    assert not torch.equal(model.train()(data).frames, plain.train()(data).frames)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_decoders_nats_are_those_of_a_loop(smoothing, in_float64):
    model, data = recognizer(0.25).double(), batch()
    reading, expected = model(data), 0.0
    for line, length in enumerate(CHARACTERS):
        for u, target in enumerate([*data.text[line, :length].tolist(), ALPHABET_SIZE]):
            log_probs = reading.char_logits[line, u].log_softmax(-1)
            expected -= 0.75 * ((1 - smoothing) * log_probs[target] + smoothing * log_probs.mean()).item()
    expected += 0.25 * ctc_nats(reading.frame_logits, reading.frame_mask, data).sum().item()
    assert ReadingLoss(label_smoothing=smoothing)(reading, data)[0].item() == pytest.approx(expected, rel=1e-10)


def test_padding_of_logits_takes_no_gradient(in_float64):
    model, data = recognizer(0.5).double(), batch()
    reading = model(data)
    parts = reading.frame_logits, reading.char_logits
    by_frame, by_char = torch.autograd.grad(ReadingLoss()(reading, data)[0], parts)
    assert (by_frame[~reading.frame_mask] == 0).all()
    assert (by_char[~F.pad(data.char_mask, (1, 0), value=True)] == 0).all()


@given(st.lists(st.integers(0, 7), min_size=1, max_size=4), st.integers(1, 4))
def test_reversing_and_joining_frames_are_what_lists_say(lengths, factor):
    size = max(*lengths, 1)
    frames = torch.arange(1.0, len(lengths) * size * 2 + 1).reshape(len(lengths), size, 2)
    counts = torch.tensor(lengths)
    turned, (joined, fewer) = reverse_lines(frames, counts), join_frames(frames, counts, factor)
    assert torch.equal(reverse_lines(turned, counts), frames)
    for line, n in enumerate(lengths):
        rows = frames[line].tolist()
        assert turned[line].tolist() == rows[:n][::-1] + rows[n:]
        padded = rows[:n] + [[0.0, 0.0]] * (joined.shape[1] * factor - n)
        assert joined[line].flatten().tolist() == [value for row in padded for value in row]
        assert fewer[line] == math.ceil(n / factor)
    assert frame_mask(counts, size).sum(1).tolist() == lengths


def test_a_layer_reads_a_line_and_its_mirror_image_alike(in_float64):
    layer, lengths = recognizer().double().encoder.layers[0], torch.tensor([5, 3])
    frames = torch.randn(2, 5, 9, dtype=torch.float64)
    mirror = BidirectionalLayer(9, 4).double()
    mirror.forward_lstm.load_state_dict(layer.backward_lstm.state_dict())
    mirror.backward_lstm.load_state_dict(layer.forward_lstm.state_dict())
    forward = layer(frames, lengths)
    backward = reverse_lines(mirror(reverse_lines(frames, lengths), lengths), lengths)
    for line, n in enumerate(lengths.tolist()):
        assert_close(forward[line, :n], backward[line, :n].roll(4, -1))


def test_dropout_is_on_what_leaves_each_layer_and_in_training_only():
    model, dropped = recognizer(1.0, dropout=0.5).train(), []
    model.encoder.dropout.register_forward_hook(lambda _, inputs, output: dropped.append((inputs[0], output)))
    model.encode(batch(torch.float32))
    assert [before.shape[-1] for before, _ in dropped] == [8, 6]
    assert all(0.2 < (after == 0).float().mean() < 0.8 for _, after in dropped)
    model.eval().encode(batch(torch.float32))
    assert all(torch.equal(*pair) for pair in dropped[2:])


def test_the_frames_of_one_lines_end_depend_on_its_beginning_and_the_other_way_round():
    model, data = recognizer(1.0).double(), lines([20], [1], torch.float64)
    strokes = data.strokes.requires_grad_()
    for frame in (0, -1):
        (gradient,) = torch.autograd.grad(model.encode(data).frames[0, frame].sum(), strokes)
        assert (gradient[0, :, :2].abs().sum(1) > 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden_sizes": []}, "hidden_sizes"),
        ({"hidden_sizes": [3], "joins": [1, 2]}, "as many"),
        ({"hidden_sizes": [3, 0]}, "1 or more"),
        ({"joins": [0, 1]}, "1 or more"),
        ({"ctc_weight": -0.1}, "ctc_weight is -0.1"),
        ({"ctc_weight": 1.5}, "ctc_weight is 1.5"),
        ({"scheduled_sampling": 2.0}, "scheduled_sampling is 2.0"),
        ({"middle_ctc": 1.5}, "middle_ctc is 1.5"),
        ({"middle_ctc": 0.5, "ctc_weight": 0.0}, "needs a ctc_weight above 0"),
        ({"middle_ctc": 0.5, "hidden_sizes": [3], "joins": [1]}, "two layers or more"),
        ({"hide_spans": (2, -1)}, "hide_spans is"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        recognizer(**arguments)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_label_smoothing_out_of_range_is_named(smoothing):
    with pytest.raises(ValueError, match="label_smoothing"):
        ReadingLoss(label_smoothing=smoothing)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_lines_without_text_have_a_finite_loss(weight):
    data = lines([5, 4], [1, 1], torch.float32)
    data = replace(data, text=data.text[:, :0], char_mask=data.char_mask[:, :0])
    total, count = ReadingLoss()(recognizer(weight)(data), data)
    assert total.isfinite() and total > 0 and count == 0


def test_a_reading_keeps_the_weight_of_its_network():
    reading = recognizer(0.4).encode(batch(torch.float32))
    assert isinstance(reading, Reading) and reading.ctc_weight == 0.4 and reading.char_logits is None
