"""The trainer, optimizers and schedules, by the names that a config calls them."""

import torch

from trainer.schedule import SCHEDULES
from trainer.trainer import Trainer

OPTIMIZERS = {
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
    "RMSprop": torch.optim.RMSprop,
    "SGD": torch.optim.SGD,
}
__all__ = ["OPTIMIZERS", "SCHEDULES", "Trainer"]
