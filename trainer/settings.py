"""Settings of a training: the section `trainer` of a config."""

from dataclasses import dataclass

from base.run_settings import RunSettings
from utils.device import Precision
from utils.errors import at_least


@dataclass(frozen=True, kw_only=True)
class TrainerSettings(RunSettings):
    """Settings of a run and of its optimizer steps.

    gradient_clip       largest norm of the gradient, null for none
    accumulate_batches  batches of the loader per step: the step of one batch of all their lines
    weight_noise        initial deviation of every weight, see trainer.weight_noise; null for no noise
    ema_decay           decay of an exponential average of the weights, which is validated and saved; null for none
    precision           precision of matrix products: float32, bfloat16, or auto for the one that is faster here
    train_only          parts of the network whose weights are trained, such as ["line_end"]; the others stay as they
                        are and run as in evaluation; null for all
    points_at_once      CPU only: larger batches are split into micro-batches of at most this many points, padding
                        included; gradients are accumulated, so the step is the same; null for no limit
    skip_non_finite     how many steps with a NaN or infinite loss or gradient are skipped (each is logged) before the
                        run ends; a skipped step leaves weights, optimizer and schedule unchanged
    detect_anomaly      have torch name the operation whose gradient is NaN; slow
    log_steps           steps between two lines of metrics.jsonl
    show_epochs         epochs between two sets of samples, 0 for none
    show_lines          lines per set of samples
    max_batches         limit of the batches of an epoch and of a validation; null for all
    overfit_one_batch   train on the first batch again and again, and validate on it
    deterministic       refuse algorithms that do not always give the same bits, and choose none by timing; slower
    """

    gradient_clip: float | None = 10.0
    accumulate_batches: int = 1
    weight_noise: float | None = None
    ema_decay: float | None = None
    precision: Precision = "auto"
    train_only: list[str] | None = None
    points_at_once: int | None = 32_000
    skip_non_finite: int = 0
    detect_anomaly: bool = False
    log_steps: int = 20
    show_epochs: int = 1
    show_lines: int = 4
    max_batches: int | None = None
    overfit_one_batch: bool = False
    deterministic: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(1, accumulate_batches=self.accumulate_batches, points_at_once=self.points_at_once)
        at_least(1, log_steps=self.log_steps, show_lines=self.show_lines, max_batches=self.max_batches)
        at_least(0, skip_non_finite=self.skip_non_finite, show_epochs=self.show_epochs)
        for name in ("gradient_clip", "weight_noise"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} is {value}; it must be above 0, or null for none")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise ValueError(f"ema_decay is {self.ema_decay}; it must be between 0 and 1, or null for none")
