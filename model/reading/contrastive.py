"""Loss and accuracy of a network that tells writers apart; they compare the lines of a batch with each other."""

import torch
from torch import Tensor, nn

from base.batch import Batch
from utils.errors import InputError


class ContrastiveLoss(nn.Module):
    """Nats of which other lines of the batch are by the same writer: Khosla et al. (2020), eq. 2.

    temperature  the cosine of two embeddings divided by it is a logit

    A micro-batch is compared with itself alone, so trainer.points_at_once should be null.
    """

    def __init__(self, *, temperature: float = 0.1) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}; it must be above 0")
        self.temperature = temperature

    def forward(self, output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """The batch's nats, of embeddings (B, E), and its number of lines that have another one by their writer."""
        same = same_writer(batch)
        logits = output.float() @ output.float().t() / self.temperature  # (B, B)
        log_probs = without_itself(logits).log_softmax(1)
        nats = -torch.where(same, log_probs, 0).sum(1) / same.sum(1).clamp_min(1)
        return nats.sum(), same.any(1).sum().clamp_min(1)  # a last batch may be of writers who all differ


class NearestWriter:
    """Share of the lines whose nearest other line of the batch is by the same writer, of those that have such a line.

    The more writers share a batch, the harder it is: figures of unlike batch sizes cannot be compared.
    """

    name = "nearest_writer"

    def __call__(self, output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        same = same_writer(batch)
        nearest = without_itself(output.float() @ output.float().t()).argmax(1, keepdim=True)
        return same.gather(1, nearest).sum(), same.any(1).sum()


def same_writer(batch: Batch) -> Tensor:
    """(B, B) bool, True where two different lines are by the same writer.

    Raises InputError where the batch does not tell whose lines they are.
    """
    if batch.writers is None:
        raise InputError("the batches do not tell who wrote their lines: set data_loader.args.lines_per_writer to 4")
    same = batch.writers.unsqueeze(0) == batch.writers.unsqueeze(1)
    return same.fill_diagonal_(False)


def without_itself(similarity: Tensor) -> Tensor:
    """Similarities (B, B) with that of each line to itself out of the question."""
    itself = torch.eye(len(similarity), dtype=torch.bool, device=similarity.device)
    return similarity.masked_fill(itself, torch.finfo(similarity.dtype).min)
