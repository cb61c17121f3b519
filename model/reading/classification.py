"""Loss and accuracy of a classifier of drawings; a drawing's class is its text's only character."""

import torch.nn.functional as F
from torch import Tensor, nn

from base.batch import Batch
from utils.errors import InputError

NO_CLASS = -100
"""Class of a drawing without a text; torch's cross-entropy leaves it out by this number."""


class ClassificationLoss(nn.Module):
    """Nats per drawing of its class.

    label_smoothing: share of the target that goes to all classes alike.
    """

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing is {label_smoothing}; it must be from 0 to below 1")
        self.label_smoothing = label_smoothing

    def forward(self, output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """The batch's nats, of logits (B, A), and its number of drawings with a class."""
        classes = classes_of(batch)
        smoothing = self.label_smoothing
        nats = F.cross_entropy(
            output.float(), classes, reduction="sum", ignore_index=NO_CLASS, label_smoothing=smoothing
        )
        return nats, (classes != NO_CLASS).sum()


class Accuracy:
    """Share of the drawings whose likeliest class is theirs."""

    name = "accuracy"

    def __call__(self, output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        classes = classes_of(batch)
        return (output.argmax(1) == classes).sum(), (classes != NO_CLASS).sum()


def classes_of(batch: Batch) -> Tensor:
    """The class (B,) of each drawing: the position of its text's only character, or NO_CLASS where it has no text.

    Raises InputError naming drawings whose text is longer.
    """
    # the width of the batch is known without a look at its values, for which the CPU would wait for a GPU
    longer = (batch.char_mask.sum(1) > 1).tolist() if batch.text.shape[1] > 1 else []
    if any(longer):
        named = [name for name, is_longer in zip(batch.ids, longer, strict=False) if is_longer]
        raise InputError(
            f"lines whose text is longer than one character cannot be classified: {', '.join(named[:8])}; take a "
            "corpus of single characters, or a network that reads text"
        )
    return F.pad(batch.text.masked_fill(~batch.char_mask, NO_CLASS), (0, 1), value=NO_CLASS)[:, 0]
