"""The page that compares runs: their numbers, curves, configs and writings."""

from collections.abc import Sequence
from typing import Any

from render.web.charts import Curve, curves_figure
from render.web.html import Html, Section, grid, page, stacked, table, unbroken
from results.pages.run_sections import label
from results.pages.writing_sections import text_for, writing_numbers, written_figures
from results.runs.run import ABSENT, Run, changes
from utils.errors import InputError
from utils.progress import progress

MAX_RUNS = 20


def compare(runs: Sequence[Run], *, text: str | None, bias: float, seed: int) -> tuple[dict[str, Any], str]:
    """Return the numbers of runs, the differences of their configs and their writings, and the page that shows them.

    text  for all networks that write a given text; None: the part of a short sentence that each of them can write

    Raises InputError where there are too few runs or too many, a run is named twice, or the text can be
        written by none or not by one that writes texts.
    """
    names = [run.name for run in runs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not 2 <= len(runs) <= MAX_RUNS:
        raise InputError(f"name 2 to {MAX_RUNS} runs to compare, not {len(runs)}")
    if twice:
        files = ", ".join(str(run.file) for run in runs if run.name == twice[0])
        raise InputError(
            f"{twice[0]}: two runs have this name ({files}); name each run once, or copy one to a new name"
        )
    if text is not None and not any(run.network.can("write") and run.network.reads_text for run in runs):
        raise InputError("none of these runs writes a given text; leave --text out")
    rows = [run.numbers() for run in runs]
    differences = changes(*(run.network.config for run in runs))
    writings = [_writing(run, text, bias, seed) for run in progress(runs, len(runs), "comparing", "run")]
    config_rows = [(unbroken(key), *values) for key, *values in differences]
    sections = [
        Section("In numbers", "At the best epoch of each run, where not said otherwise.", _numbers(names, rows)),
        _curves(runs),
        Section("Where their configs differ", "", table(("key", *names), config_rows)),
        Section("What they write", f"Bias {bias:g}, seed {seed}.", stacked(figures for _, figures in writings)),
    ]
    numbers = {
        "runs": [row | {"writing": writing} for row, (writing, _) in zip(rows, writings, strict=True)],
        "config": {key: dict(zip(names, values, strict=True)) for key, *values in differences},
    }
    return numbers, page("Runs compared", ", ".join(names), sections)


def _numbers(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> Html:
    """Return a table with a row for each number that any run has, and a column for each run."""
    keys = dict.fromkeys(key for row in rows for key, value in row.items() if key != "run" and value is not None)
    return table(("", *names), [(unbroken(label(key)), *(_cell(row.get(key)) for row in rows)) for key in keys])


def _cell(value: Any) -> Any:
    return ABSENT if value is None else unbroken(value) if isinstance(value, int | float) else value


def _curves(runs: Sequence[Run]) -> Section:
    """Return validation loss by step and by hours of work, and every other number that two runs or more have."""
    losses = {run.network.config["loss"]["type"] for run in runs}
    remarks = [f"{run.name}: {remark}" for run in runs for remark in run.history.remarks]
    if len(losses) > 1:
        remarks.insert(0, f"{', '.join(sorted(losses))} are losses of different kinds; only their course compares.")

    def curves(name: str, rows: str = "epochs", *, by_hours: bool = False) -> list[Curve]:
        return [run.history.curve(name, rows, called=run.name, by_hours=by_hours) for run in runs]

    shared = [name for run in runs for name in run.history.names if name not in ("loss", "val_loss")]
    small = [curves_figure(label(name), curves(name)) for name in dict.fromkeys(shared) if shared.count(name) > 1]
    large = curves_figure("validation loss, by step", curves("val_loss"), wide=True)
    others = [
        curves_figure("validation loss, by hours of work", curves("val_loss", by_hours=True), x_label="hours"),
        curves_figure("training loss, by step", curves("loss", "steps")),
        curves_figure("points per second, by step", curves("points_per_second", "steps")),
    ]
    return Section("Curves", " ".join(remarks), stacked([large, grid([*others, *small])]))


def _writing(run: Run, text: str | None, bias: float, seed: int) -> tuple[dict[str, Any] | None, Html]:
    """Return the numbers of a run's writing, and its lines under the run's name; None for a network that reads."""
    network = run.network
    if not network.can("write"):
        return None, Html("")
    own_text = text if text is not None and network.reads_text else text_for(network)
    writing = network.write(own_text, bias=bias, seed=seed)
    return {"text": own_text, **writing_numbers(writing)}, written_figures(writing, run.name)
