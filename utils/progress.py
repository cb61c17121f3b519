"""Progress bars with rate and time left; silent where stderr is no terminal, and on all processes but the first."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

from utils import distributed


def progress(items: Iterable[Any] | None, total: int | None, what: str, unit: str = "line", start: int = 0) -> tqdm:
    """`items` with a bar; `total` may be a guess. With items None a bar to be moved on by `update`."""
    return tqdm(
        items,
        total=total,
        initial=start,
        desc=what,
        unit=f" {unit}s",
        disable=True if distributed.rank() else None,
        smoothing=0.05,
        dynamic_ncols=True,
    )
