"""What a run left behind, as sections of its report: numbers, curves, pictures, config, and where it came from."""

import json
import platform
from collections.abc import Sequence

import numpy as np
import torch

from render.web.charts import Curve, curves_figure
from render.web.html import Html, Section, escaped, folded, grid, image_figure, large_numbers, paragraph, stacked, table
from results.runs.run import Run, changes_from_house
from utils.files import file_hash

MOST_PICTURE_BYTES = 2_500_000
PICTURES_IN_SIGHT = 6
TRAINING = {"gradient_norm": "gradient norm", "lr": "learning rate", "points_per_second": "points per second"}
VERSIONS = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
LARGE = {"parameters": "parameters", "steps": "steps", "epochs": "epochs", "hours": "hours", "best_epoch": "best epoch"}


def plain_name(name: str) -> str:
    """A number's name for people."""
    return name.replace("_", " ")


def numbers_section(run: Run) -> Section:
    """The few numbers that matter most."""
    numbers = run.numbers()
    shown = [(told, numbers[name]) for name, told in LARGE.items() if numbers[name] is not None]
    shown += [(plain_name(name), value) for name, value in numbers.items() if name.startswith("best_val_")]
    skipped = max((row["skipped"] for row in run.history.steps if "skipped" in row), default=0)
    shown += [("steps skipped", skipped)] * bool(skipped)
    how = "the last one: nothing was watched" if run.monitor == "off" else f"by {run.monitor}, of those logged"
    best = f"The best epoch is {how}." if run.best else ""
    return Section("In short", best, large_numbers(shown))


def curves_section(run: Run) -> Section:
    """Losses over steps, large, and beneath what else was logged, epochs marked and the best one ringed."""
    history, best = run.history, run.best
    marks = [(row["step"], f"{row['epoch']:g}") for row in history.epochs]
    watched = run.monitor.partition(" ")[2]

    def chart(title: str, curves: Sequence[Curve], *names: str, wide: bool = False) -> Html:
        ring = None
        if best and watched in names and watched in best:
            ring = (best["step"], best[watched], f"best: {best[watched]:.4g}, epoch {best['epoch']:g}")
        return curves_figure(title, curves, marks=marks, best=ring, wide=wide)

    losses = [
        history.curve("loss", called="training, per step"),
        history.curve("loss", "epochs", called="training, per epoch"),
        history.curve("val_loss", "epochs", called="validation"),
    ]
    names = [name for name in history.names if name not in ("loss", "val_loss")]
    small = [chart(plain_name(name), [history.curve(name, "epochs")], name) for name in names]
    small += [chart(label, [history.curve(name)]) for name, label in TRAINING.items()]
    charts = stacked([chart("loss", losses, "val_loss", wide=True), grid(small)])
    remarks = " ".join(history.remarks)
    if not charts:
        return Section("Curves", "", paragraph(remarks) if remarks else charts)
    return Section("Curves", f"By optimizer step; the dotted lines are the ends of epochs. {remarks}", charts)


def pictures_section(run: Run) -> Section:
    """What the network showed while it trained: the first picture of a few epochs, all others folded away."""
    pictures = run.history.pictures
    steps = steps_shown(pictures)
    epochs = {int(row["step"]): f"epoch {row['epoch']:g}" for row in run.history.epochs}
    names = {step: f"{epochs[step]}, step {step:,}" if step in epochs else f"step {step:,}" for step in steps}
    in_sight = evenly(steps, PICTURES_IN_SIGHT)
    rest = [
        folded(names[step], stacked(image_figure(png, names[step]) for png in rest))
        for step in steps
        if (rest := pictures[step][1:] if step in in_sight else pictures[step])
    ]
    left = (
        f"; {len(steps)} of {len(pictures)} times, so that the page stays small" if len(steps) < len(pictures) else ""
    )
    first = grid(image_figure(pictures[step][0], names[step]) for step in in_sight)
    body = stacked([first, folded("the other pictures", stacked(rest))]) if rest else first
    return Section("While it trained", f"What TensorBoard was shown{left}.", body)


def steps_shown(pictures: dict[int, list[bytes]]) -> list[int]:
    """The steps, evenly among all with the first and the last, whose pictures together are not too large."""
    steps = sorted(pictures)
    for count in range(len(steps), 0, -1):
        some = evenly(steps, count)
        if sum(len(png) for step in some for png in pictures[step]) <= MOST_PICTURE_BYTES:
            return some
    return []


def evenly(items: list[int], count: int) -> list[int]:
    """So many of the items, or all, with the last, and of two or more with the first."""
    places = np.linspace(len(items) - 1, 0, min(count, len(items))).round().astype(int)
    return [items[place] for place in places[::-1]]


def config_section(run: Run) -> Section:
    """What is not as in this project's own config of that architecture, and the whole config."""
    config = run.network.config
    name, differences = changes_from_house(config)
    whole = folded("the whole config", Html(f"<pre>{escaped(json.dumps(config, indent=2, ensure_ascii=False))}</pre>"))
    if name is None:
        return Section("Config", f"The project has no config of a {config['arch']['type']}.", whole)
    header = ("key", "here", name)
    return Section("Config", f"What differs from {name}.", stacked([table(header, differences), whole]))


def origin_section(run: Run, made_by: str) -> Section:
    """Where the weights came from, and how to make them and this page again."""
    config, file, own = run.network.config, run.file, run.file.parent / "config.json"
    state = "weights alone"
    if run.training is not None:
        state = f"after {run.training.get('step')} steps, in epoch {run.training.get('epoch')} next"
    rows = [
        ("checkpoint", f"{file}: {file.stat().st_size / 1e6:.1f} MB, {state}"),
        ("its SHA-256", file_hash(file)),
        ("seed, device", f"{config['seed']}, {config['device']}"),
        ("trained on", run.network.corpus),
        ("train again", f"python train.py -c {own if own.is_file() else 'FILE, with the config above in it'}"),
        ("this page", made_by),
        ("made with", ", ".join(f"{name} {version}" for name, version in VERSIONS.items())),
    ]
    return Section("Where it comes from", "", table(("", ""), rows))
