"""The network that tells handwriting apart, its loss and its metric."""

import math
from dataclasses import replace

import pytest
import torch

from base.batch import Batch
from model.reading.contrastive import ContrastiveLoss, NearestWriter
from model.reading.embedding import HandwritingEmbedding
from tests.model.small import alone, lines, stir
from utils.errors import InputError

LENGTHS = [9, 14, 4, 5, 8]
WRITERS = [7, 3, 7, 3, 5]


def batch_of(writers: list[int] | None = WRITERS) -> Batch:
    batch = lines(LENGTHS, [1] * len(LENGTHS), dtype=torch.float64)
    return replace(batch, writers=None if writers is None else torch.tensor(writers))


def embeddings() -> torch.Tensor:
    random = torch.randn(len(LENGTHS), 6, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    return torch.nn.functional.normalize(random, dim=1)


@pytest.mark.parametrize("joins", [[1], [2, 3]])
def test_padding_never_counts_and_embeddings_are_of_length_1(joins, in_float64):
    torch.manual_seed(4)
    model = stir(HandwritingEmbedding(hidden_sizes=[4] * len(joins), joins=joins, embedding_size=6), 0.8).eval()
    batch = batch_of()
    noise = torch.randn_like(batch.strokes) * ~batch.stroke_mask.unsqueeze(2)
    together = model.double()(batch)
    assert together.shape == (5, 6) and (together.std(0) > 0.01).all()
    torch.testing.assert_close(together.norm(dim=1), torch.ones(5, dtype=torch.float64))
    torch.testing.assert_close(model(replace(batch, strokes=batch.strokes + noise)), together)
    for line in range(5):
        torch.testing.assert_close(model(alone(batch, line)), together[line : line + 1])


def test_loss_and_metric_are_those_of_a_plain_loop():
    output, temperature = embeddings(), 0.3
    cosines = (output @ output.T).tolist()
    nats, nearest = 0.0, 0
    for line, own in enumerate(WRITERS[:4]):  # the fifth writer has no other line
        others = [other for other in range(5) if other != line]
        total = sum(math.exp(cosines[line][other] / temperature) for other in others)
        same = [other for other in others if WRITERS[other] == own]
        nats -= sum(cosines[line][other] / temperature - math.log(total) for other in same) / len(same)
        nearest += WRITERS[max(others, key=lambda other, line=line: cosines[line][other])] == own
    loss, count = ContrastiveLoss(temperature=temperature)(output, batch_of())
    assert count == 4 and loss.item() == pytest.approx(nats, rel=1e-5)
    assert tuple(map(int, NearestWriter()(output, batch_of()))) == (nearest, 4)


def test_a_batch_of_writers_who_all_differ_teaches_nothing():
    nats, count = ContrastiveLoss()(embeddings(), batch_of([1, 2, 3, 4, 5]))
    assert nats == 0 and count == 1


def test_lines_of_one_writer_side_by_side_lower_the_loss():
    apart = torch.eye(5, dtype=torch.float64)
    apart[2], apart[3] = apart[0], apart[1]
    near, _ = ContrastiveLoss()(apart, batch_of())
    far, _ = ContrastiveLoss()(torch.eye(5, dtype=torch.float64), batch_of())
    assert near < 0.1 < far
    assert tuple(map(int, NearestWriter()(apart, batch_of()))) == (4, 4)


def test_batches_that_do_not_tell_whose_lines_they_are_and_bad_settings_are_refused():
    for measure in (ContrastiveLoss(), NearestWriter()):
        with pytest.raises(InputError, match="lines_per_writer"):
            measure(embeddings(), batch_of(None))
    with pytest.raises(ValueError, match="temperature is 0"):
        ContrastiveLoss(temperature=0)
    with pytest.raises(ValueError, match="joins"):
        HandwritingEmbedding(hidden_sizes=[4, 4], joins=[1])
