"""Settings of a run, whatever it trains."""

from dataclasses import dataclass

from utils.errors import at_least


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Settings of a run whatever it trains, as in the section `trainer` of a config.

    epochs        number of epochs
    minutes       time that the training may take in place of the epochs, which are then the unit of the schedule: after
                  half of the time the rate is that after half of the epochs; null for none
    max_epochs    epochs after which a training with minutes ends at the latest; null for no such end
    save_dir      folder of all runs
    save_period   epochs between two last.pt; written after the last epoch too
    save_steps    steps between two last.pt, null for none within an epoch
    save_minutes  minutes between two last.pt
    keep_last     the newest keep_last of last.pt are also kept as last-<step>.pt, if above 1
    monitor       "min NAME" or "max NAME" of the value that makes best.pt; "off" makes every epoch the best
    early_stop    stop after this many epochs without a new best; null for never
    tensorboard   write TensorBoard events
    verbosity     0 prints warnings only
    """

    epochs: int
    minutes: float | None = None
    max_epochs: int | None = None
    save_dir: str = "saved"
    save_period: int = 1
    save_steps: int | None = None
    save_minutes: float = 10.0
    keep_last: int = 1
    monitor: str = "min val_loss"
    early_stop: int | None = None
    tensorboard: bool = True
    verbosity: int = 1

    def __post_init__(self) -> None:
        at_least(1, epochs=self.epochs, save_period=self.save_period, early_stop=self.early_stop)
        at_least(1, max_epochs=self.max_epochs)
        at_least(1, save_steps=self.save_steps, keep_last=self.keep_last)
        at_least(0, save_minutes=self.save_minutes)
        if self.minutes is not None and self.minutes <= 0:
            raise ValueError(f"minutes is {self.minutes}; it must be above 0, or null for no limit")
