"""The trainer, optimizers and schedules, by the names that a config calls them."""

import torch

from trainer.muon import Muon
from trainer.schedule import SCHEDULES
from trainer.trainer import Trainer

OPTIMIZERS = {
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
    "RMSprop": torch.optim.RMSprop,
    "SGD": torch.optim.SGD,
    "Muon": Muon,
}
__all__ = ["OPTIMIZERS", "SCHEDULES", "Trainer"]
