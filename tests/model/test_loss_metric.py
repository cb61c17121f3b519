"""Loss and metrics are what a plain loop adds up over the real points, and nothing of the padding."""

import math

import pytest
import torch

from base.batch import Batch
from model import LOSSES, METRICS
from model.loss import NegativeLogLikelihood
from model.metric import EndOfStrokeNats, NatsPerLine, SumSquaredError
from model.writing.mixture_density import Mixture
from tests.model.small import lines, random_mixture

LENGTHS = [6, 2, 9]
POINTS = sum(LENGTHS) - len(LENGTHS)
ELSEWHERE = {"ReadingLoss", "CharacterErrorRate", "WordErrorRate"}  # tests/model/reading/test_recognizer.py
ELSEWHERE |= {"ClassificationLoss", "Accuracy"}  # tests/model/reading/test_classification.py
ELSEWHERE |= {"ContrastiveLoss", "NearestWriter"}  # tests/model/reading/test_embedding.py
ELSEWHERE |= {"EndOfLineNats"}  # tests/model/writing/test_learned_end.py
MEASURES = {name: measure for name, measure in {**LOSSES, **METRICS}.items() if name not in ELSEWHERE}


def batch_and_output(dtype: torch.dtype = torch.float64) -> tuple[Batch, Mixture]:
    return lines(LENGTHS, [1, 1, 1], dtype=dtype), random_mixture(3, max(LENGTHS) - 1, dtype=dtype)


def offset_nats(mixture: Mixture, line: int, t: int, x: float, y: float) -> float:
    """Graves (2013), eqs. 23-25, written out."""
    density = 0.0
    for m in range(mixture.log_pi.shape[-1]):
        weight, rho = math.exp(mixture.log_pi[line, t, m]), mixture.rho[line, t, m].item()
        sigma_x, sigma_y = (math.exp(value) for value in mixture.log_sigma[line, t, m])
        zx, zy = (x - mixture.mean[line, t, m, 0].item()) / sigma_x, (y - mixture.mean[line, t, m, 1].item()) / sigma_y
        z = zx**2 + zy**2 - 2 * rho * zx * zy
        peak = 1 / (2 * math.pi * sigma_x * sigma_y * math.sqrt(1 - rho**2))
        density += weight * peak * math.exp(-z / (2 * (1 - rho**2)))
    return -math.log(density)


def end_nats(mixture: Mixture, line: int, t: int, end: float) -> float:
    lifted = 1 / (1 + math.exp(-mixture.end_logit[line, t]))
    return -math.log(lifted if end else 1 - lifted)


def added_up(batch: Batch) -> list[tuple[int, int, list[float]]]:
    """(line, t, stroke) of every real point but the start; t counts the network's outputs."""
    return [
        (line, t, batch.strokes[line, t + 1].tolist()) for line, length in enumerate(LENGTHS) for t in range(length - 1)
    ]


def test_loss_is_the_nats_of_every_real_point_but_the_start():
    batch, output = batch_and_output()
    expected = sum(
        offset_nats(output, line, t, x, y) + end_nats(output, line, t, end) for line, t, (x, y, end) in added_up(batch)
    )
    total, count = NegativeLogLikelihood()(output, batch)
    assert total.item() == pytest.approx(expected, rel=1e-10)
    assert count == POINTS
    total, count = NatsPerLine()(output, batch)
    assert total.item() == pytest.approx(expected, rel=1e-10)
    assert count == 3


def test_pen_lifts_are_counted_a_point():
    batch, output = batch_and_output()
    total, count = EndOfStrokeNats()(output, batch)
    expected = sum(end_nats(output, line, t, end) for line, t, (_, _, end) in added_up(batch))
    assert total.item() == pytest.approx(expected, rel=1e-10)
    assert count == POINTS


def test_squared_error_is_that_of_the_mean_of_the_mixture():
    batch, output = batch_and_output()
    expected = 0.0
    for line, t, (x, y, _) in added_up(batch):
        pi = [math.exp(weight) for weight in output.log_pi[line, t]]
        mean_x, mean_y = (
            sum(p * m[axis].item() for p, m in zip(pi, output.mean[line, t], strict=True)) for axis in (0, 1)
        )
        expected += (mean_x - x) ** 2 + (mean_y - y) ** 2
    total, count = SumSquaredError()(output, batch)
    assert total.item() == pytest.approx(expected, rel=1e-10)
    assert count == POINTS


@pytest.mark.parametrize("measure", MEASURES)
def test_padding_counts_for_nothing(measure):
    batch, output = batch_and_output(torch.float32)
    output = Mixture(*(part.requires_grad_() for part in output))
    strokes = torch.where(batch.stroke_mask.unsqueeze(-1), batch.strokes, 1e6)
    results, gradients = [], []
    for data in (batch, Batch(strokes, batch.stroke_mask, batch.text, batch.char_mask)):
        total, count = MEASURES[measure]()(output, data)
        results.append((total.item(), int(count)))
        gradients.append(torch.autograd.grad(total, output, materialize_grads=True))
    assert results[0] == results[1]
    for clean, dirty in zip(*gradients, strict=True):
        assert torch.equal(clean, dirty)
        assert (clean[~batch.target_mask] == 0).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_parts_of_a_batch_add_up_to_the_whole(measure):
    batch, output = batch_and_output()
    whole = MEASURES[measure]()(output, batch)
    parts = []
    for line in range(3):
        own = slice(line, line + 1)
        part = Batch(batch.strokes[own], batch.stroke_mask[own], batch.text[own], batch.char_mask[own])
        parts.append(MEASURES[measure]()(Mixture(*(value[own] for value in output)), part))
    assert whole[0].item() == pytest.approx(sum(total.item() for total, _ in parts))
    assert whole[1] == sum(int(count) for _, count in parts)


def test_metrics_have_names_of_their_own():
    names = [metric.name for metric in METRICS.values()]
    expected = ["accuracy", "cer", "end_of_line_nats", "end_of_stroke_nats", "nats_per_line", "nearest_writer", "sse"]
    assert sorted(names) == [*expected, "wer"]
