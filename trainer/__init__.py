"""The trainer, optimizers and schedules, by their names in a config; trainer.run.train trains."""

import torch

from trainer.muon import Muon
from trainer.optimization import Optimization
from trainer.schedule import SCHEDULES
from trainer.settings import TrainerSettings
from trainer.trainer import Trainer

OPTIMIZERS = {
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
    "RMSprop": torch.optim.RMSprop,
    "SGD": torch.optim.SGD,
    "Muon": Muon,
}
__all__ = ["OPTIMIZERS", "SCHEDULES", "Optimization", "Trainer", "TrainerSettings"]
