"""Sections of a report on the training of a network: numbers, curves, pictures, config and origin."""

import json
import platform
from collections.abc import Sequence

import numpy as np
import torch

from render.web.charts import Curve, curves_figure
from render.web.html import Html, Section, escaped, folded, grid, image_figure, large_numbers, paragraph, stacked, table
from results.runs.run import Run, changes_from_house
from utils.files import file_hash

MAX_PICTURE_BYTES = 2_500_000
VISIBLE_PICTURES = 6
TRAINING = ("gradient_norm", "lr", "points_per_second")
VERSIONS = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
LARGE = ("parameters", "steps", "epochs", "hours", "best_epoch")
WORDS = {
    **{"val": "validation", "lr": "learning rate", "sse": "squared error"},
    **{"cer": "character error rate", "wer": "word error rate"},
}


def label(name: str) -> str:
    """Return the name of a number for people: "validation loss, unipen-texts" for val_loss/unipen-texts."""
    name, *corpus = name.split("/")
    return ", ".join([" ".join(WORDS.get(word, word) for word in name.split("_")), *corpus])


def numbers_section(run: Run) -> Section:
    """Return the few numbers that matter."""
    numbers = run.numbers()
    large = [(label(name), numbers[name]) for name in LARGE if numbers[name] is not None]
    large += [(label(name), value) for name, value in numbers.items() if name.startswith("best_val_")]
    skipped = max((row["skipped"] for row in run.history.steps if "skipped" in row), default=0)
    large += [("steps skipped", skipped)] * bool(skipped)
    rule = "the last one: there is no monitor" if run.monitor == "off" else f"by {run.monitor}, of those logged"
    return Section("In short", f"The best epoch is {rule}." if run.best else "", large_numbers(large))


def curves_section(run: Run) -> Section:
    """Return losses over steps, large, and below them all else that was logged; epochs are marked, the best ringed."""
    history, best = run.history, run.best
    marks = [(row["step"], f"{round(row['epoch'], 2):g}") for row in history.epochs]
    monitored = run.monitor.partition(" ")[2]

    def chart(title: str, curves: Sequence[Curve], *names: str, wide: bool = False) -> Html:
        ring = None
        if best and monitored in names and monitored in best:
            ring = (best["step"], best[monitored], f"best: {best[monitored]:.4g}, epoch {round(best['epoch'], 2):g}")
        return curves_figure(title, curves, marks=marks, best=ring, wide=wide)

    losses = [
        history.curve("loss", called="training, per step"),
        history.curve("loss", "epochs", called="training, per epoch"),
        history.curve("val_loss", "epochs", called="validation"),
    ]
    names = [name for name in history.names if name not in ("loss", "val_loss")]
    small = [chart(label(name), [history.curve(name, "epochs")], name) for name in names]
    small += [chart(label(name), [history.curve(name)]) for name in TRAINING]
    charts = stacked([chart("loss", losses, "val_loss", wide=True), grid(small)])
    remarks = " ".join(history.remarks)
    if not charts:
        return Section("Curves", "", paragraph(remarks) if remarks else charts)
    return Section("Curves", f"By optimizer step; the dotted lines are the ends of epochs. {remarks}", charts)


def pictures_section(run: Run) -> Section:
    """Return pictures logged while the network trained: the first of a few epochs, all others folded away."""
    pictures = run.history.pictures
    steps = steps_shown(pictures)
    epochs = {int(row["step"]): f"epoch {row['epoch']:g}" for row in run.history.epochs}
    names = {step: f"{epochs[step]}, step {step:,}" if step in epochs else f"step {step:,}" for step in steps}
    visible = evenly(steps, VISIBLE_PICTURES)
    rest = [
        folded(names[step], stacked(image_figure(png, names[step]) for png in rest))
        for step in steps
        if (rest := pictures[step][1:] if step in visible else pictures[step])
    ]
    small = "" if len(steps) == len(pictures) else f" at {len(steps)} of {len(pictures)} steps, to keep the page small"
    first = grid(image_figure(pictures[step][0], names[step]) for step in visible)
    body = stacked([first, folded("the other pictures", stacked(rest))]) if rest else first
    return Section("While it trained", f"The pictures in TensorBoard{small}.", body)


def steps_shown(pictures: dict[int, list[bytes]]) -> list[int]:
    """Return steps, evenly among all with the first and the last, whose pictures together are not too large."""
    steps = sorted(pictures)
    for count in range(len(steps), 0, -1):
        chosen = evenly(steps, count)
        if sum(len(png) for step in chosen for png in pictures[step]) <= MAX_PICTURE_BYTES:
            return chosen
    return []


def evenly(items: list[int], count: int) -> list[int]:
    """Return up to `count` of the items, evenly spaced, with the last, and of two or more with the first."""
    places = np.linspace(len(items) - 1, 0, min(count, len(items))).round().astype(int)
    return [items[place] for place in places[::-1]]


def config_section(run: Run) -> Section:
    """Return the differences from the project's nearest config of that architecture, and the whole config."""
    config = run.network.config
    name, differences = changes_from_house(config)
    whole = folded("the whole config", Html(f"<pre>{escaped(json.dumps(config, indent=2, ensure_ascii=False))}</pre>"))
    if name is None:
        return Section("Config", f"The project has no config of a {config['arch']['type']}.", whole)
    header = ("key", "this run", name)
    return Section("Config", f"What differs from {name}.", stacked([table(header, differences), whole]))


def origin_section(run: Run, made_by: str) -> Section:
    """Return the origin of the weights, and the commands that make them and this page again."""
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
