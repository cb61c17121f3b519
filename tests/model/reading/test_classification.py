"""The network that reads a drawing as a class, its loss and its metric."""

from dataclasses import replace

import pytest
import torch

from base.batch import Batch
from model.reading.classification import Accuracy, ClassificationLoss
from model.reading.classifier import StrokeClassifier, pen_places
from tests.model.small import ALPHABET_SIZE, alone, lines, stir
from utils.errors import InputError

LENGTHS = [9, 14, 4, 5]


def classifier(**arguments) -> StrokeClassifier:
    """A small classifier whose every weight is at work; in evaluation."""
    torch.manual_seed(4)
    sizes = {"hidden_size": 4, "num_layers": 2, "dropout": 0.5, **arguments}
    return stir(StrokeClassifier(alphabet_size=ALPHABET_SIZE, **sizes), 0.8).eval()


def drawings(characters: tuple[int, ...] = (1, 1, 1, 1)) -> Batch:
    return lines(LENGTHS, list(characters), dtype=torch.float64)


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("features", ["offsets", "geometry"])
def test_padding_never_counts(num_layers, features, in_float64):
    model, batch = classifier(num_layers=num_layers, features=features).double(), drawings()
    noise = torch.randn_like(batch.strokes) * ~batch.stroke_mask.unsqueeze(2)
    together = model(batch)
    assert together.shape == (4, ALPHABET_SIZE) and (together.std(0) > 0.01).all()
    torch.testing.assert_close(model(replace(batch, strokes=batch.strokes + noise)), together)
    for line in range(4):
        torch.testing.assert_close(model(alone(batch, line)), together[line : line + 1])


def test_places_are_seen_from_the_middle_in_units_of_the_size():
    batch = drawings()
    places = pen_places(batch.strokes, batch.stroke_mask)
    for line, length in enumerate(LENGTHS):
        ink = batch.strokes[line, :length, :2].cumsum(0)
        ink = ink - ink.mean(0)
        torch.testing.assert_close(places[line, :length], ink / ink.square().sum(1).mean().sqrt())
        assert (places[line, length:] == 0).all()
    larger = replace(batch, strokes=batch.strokes * torch.tensor([7.0, 7.0, 1.0]))
    torch.testing.assert_close(pen_places(larger.strokes, batch.stroke_mask), places)
    assert (pen_places(torch.zeros(1, 3, 3), torch.ones(1, 3, dtype=torch.bool)) == 0).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_loss_and_accuracy_are_those_of_a_plain_loop(smoothing):
    batch = drawings((1, 1, 0, 1))
    logits = torch.randn(4, ALPHABET_SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    nats, right = 0.0, 0
    for line in (0, 1, 3):
        log_probs = logits[line] - logits[line].exp().sum().log()
        own = int(batch.text[line, 0])
        nats -= (1 - smoothing) * float(log_probs[own]) + smoothing * float(log_probs.mean())
        right += int(logits[line].argmax()) == own
    total, count = ClassificationLoss(label_smoothing=smoothing)(logits, batch)
    assert (float(total), int(count)) == (pytest.approx(nats, rel=1e-6), 3)
    for change in range(ALPHABET_SIZE):  # so that right is not always of one number
        moved = logits.roll(change, 1)
        expected = sum(int(moved[line].argmax()) == int(batch.text[line, 0]) for line in (0, 1, 3))
        assert tuple(map(int, Accuracy()(moved, batch))) == (expected, 3)
    assert right in range(4)


def test_without_any_text_nothing_is_counted():
    batch = replace(drawings(), text=torch.zeros(4, 0).long(), char_mask=torch.zeros(4, 0).bool())
    for counted in (ClassificationLoss(label_smoothing=0.1), Accuracy()):
        assert tuple(map(float, counted(torch.randn(4, ALPHABET_SIZE), batch))) == (0, 0)


def test_longer_texts_are_named():
    with pytest.raises(InputError, match="longer than one character cannot be classified: line-1, line-3;"):
        ClassificationLoss()(torch.randn(4, ALPHABET_SIZE), drawings((1, 2, 0, 5)))


@pytest.mark.parametrize("bad", [{"hidden_size": 0}, {"num_layers": 0}])
def test_sizes_are_at_least_one(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))} is 0"):
        classifier(**bad)
    with pytest.raises(ValueError, match="label_smoothing is 1"):
        ClassificationLoss(label_smoothing=1)


def test_what_is_shown_is_each_drawing_with_its_likeliest_class():
    model, batch = classifier().float(), lines(LENGTHS, [1] * 4)
    shown = model.show(batch, 1)
    assert [drawing.read for drawing in shown] == [[best] for best in model(batch).argmax(1).tolist()]
    assert [len(drawing.strokes) for drawing in shown] == LENGTHS
