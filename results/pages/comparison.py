"""Runs side by side on one page that stands alone."""

from collections.abc import Sequence
from typing import Any

from render.web.charts import Curve, curves_figure
from render.web.html import Html, Section, grid, page, stacked, table, unbroken
from results.pages.run_sections import plain_name
from results.pages.writing_sections import text_for, written_figures
from results.runs.run import ABSENT, Run, changes
from utils.errors import InputError
from utils.progress import progress

MOST_RUNS = 20


def compare(runs: Sequence[Run], *, text: str | None, bias: float, seed: int) -> tuple[dict[str, Any], str]:
    """The numbers of runs, in what their configs differ, and what each writes; and the web page that shows them.

    text  for all that write what they are told; None: what each of them knows of the same sentence

    Raises InputError where there are too few runs or too many, one is there twice, or one cannot write the text.
    """
    names = [run.name for run in runs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not 2 <= len(runs) <= MOST_RUNS:
        raise InputError(f"{len(runs)} run is named; name 2 to {MOST_RUNS} to compare")
    if twice:
        raise InputError(f"{twice[0]}: two runs have this name; name each run once")
    rows = [run.numbers() for run in runs]
    differences = changes(*(run.network.config for run in runs))
    written = [_written(run, text, bias, seed) for run in progress(runs, len(runs), "comparing", "run")]
    sections = [
        Section(
            "In numbers", "Of the best epoch by what each watched, where not said otherwise.", _numbers(names, rows)
        ),
        _curves(runs),
        Section(
            "Where their configs differ",
            "",
            table(("key", *names), [(unbroken(key), *row) for key, *row in differences]),
        ),
        Section("What they write", f"Bias {bias:g}, seed {seed}.", stacked(figure for _, figure in written)),
    ]
    numbers = {
        "runs": [row | {"writing": wrote} for row, (wrote, _) in zip(rows, written, strict=True)],
        "config": {key: dict(zip(names, row, strict=True)) for key, *row in differences},
    }
    return numbers, page("Runs side by side", ", ".join(names), sections)


def _numbers(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> Html:
    """A row for each number that any run has, a column for each run."""
    keys = dict.fromkeys(key for row in rows for key in row if key != "run")
    found = {key: [row.get(key) for row in rows] for key in keys}
    some = {key: row for key, row in found.items() if any(value is not None for value in row)}
    return table(("", *names), [(unbroken(plain_name(key)), *map(_cell, row)) for key, row in some.items()])


def _cell(value: Any) -> Any:
    return ABSENT if value is None else unbroken(value) if isinstance(value, int | float) else value


def _curves(runs: Sequence[Run]) -> Section:
    """Validation loss by step and by hours of work, and every other number that two runs or more have."""
    losses = {run.network.config["loss"]["type"] for run in runs}
    remarks = [f"{run.name}: {remark}" for run in runs for remark in run.history.remarks]
    if len(losses) > 1:
        remarks.insert(0, f"{', '.join(sorted(losses))} are losses of different kinds; only their course compares.")

    def of(name: str, rows: str = "epochs", *, by_hours: bool = False) -> list[Curve]:
        return [run.history.curve(name, rows, called=run.name, by_hours=by_hours) for run in runs]

    shared = [name for run in runs for name in run.history.names if name not in ("loss", "val_loss")]
    small = [curves_figure(plain_name(name), of(name)) for name in dict.fromkeys(shared) if shared.count(name) > 1]
    large = curves_figure("validation loss, by step", of("val_loss"), wide=True)
    others = [
        curves_figure("validation loss, by hours of work", of("val_loss", by_hours=True), x_label="hours"),
        curves_figure("training loss, by step", of("loss", "steps")),
        curves_figure("points per second, by step", of("points_per_second", "steps")),
    ]
    return Section("Curves", " ".join(remarks), stacked([large, grid([*others, *small])]))


def _written(run: Run, text: str | None, bias: float, seed: int) -> tuple[dict[str, Any] | None, Html]:
    """How long a run's writing is and how it ended, and its lines under the run's name."""
    network = run.network
    if not network.can("write"):
        return None, Html("")
    told = text if text is not None and network.model.reads_text else text_for(network)
    writing = network.write(told, bias=bias, seed=seed)
    points = sum(map(len, writing.lines))
    return {"text": told, "points": points, "stopped_by_itself": writing.stopped}, written_figures(writing, run.name)
