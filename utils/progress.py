"""Progress bars with rate and time left; silent where stderr is no terminal, and on all processes but the first."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

from utils import distributed

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}{postfix}]"
COUNT = "{desc}: {n_fmt}{unit} [{elapsed}, {rate_noinv_fmt}{postfix}]"
"""Format of a bar without a total."""


def progress(items: Iterable[Any] | None, total: int | None, label: str, unit: str = "line", start: int = 0) -> tqdm:
    """Return `items` with a bar; `total` may be a guess. With items None a bar to be moved on by `update`."""
    return tqdm(
        items,
        total=total,
        initial=start,
        desc=label,
        unit=f" {unit}{'es' if unit.endswith('ch') else 's'}",
        bar_format=COUNT if total is None else BAR,
        disable=True if distributed.rank() else None,
        smoothing=0.05,
        dynamic_ncols=True,
        leave=None,  # a bar within another one goes when it is full
    )
