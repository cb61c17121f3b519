"""Sections of a report on the network as it is now: what it writes, where it attends, and what it expects."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from render.web.html import Html, Section, image_figure, stacked
from render.web.ink import line_figure, line_figures
from results.figures.trace import written
from results.writing.lines import Writing
from results.writing.writer import Writer

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # which takes a second to load

TEXT = "The pen writes what was never written."
MAX_CHARACTERS = 20
FIGURE_BIAS = 0.5
FIGURE_DPI = 200
CAPTIONS = {
    "window": "Attention to the text: pen points to the right, characters upwards.",
    "density": "Density of each next point, probability of the pen lifts, and weights of the components.",
}


def text_for(network: Writer) -> str | None:
    """Return a text that the network can write: of a sentence, or of its alphabet; None for a network without text."""
    if not network.reads_text:
        return None
    if network.can("write characters"):
        return network.characters[:MAX_CHARACTERS]
    alphabet = network.alphabet.characters
    known = "".join(character for character in TEXT if character in alphabet)
    return known if 2 * len(known) > len(TEXT) else "".join(alphabet.split())[:MAX_CHARACTERS]


def writing_section(network: Writer, text: str | None, biases: Sequence[float], seed: int) -> tuple[Any, Section]:
    """Return a text (None: free writing) at several biases from one seed: lengths and ends, and the lines.

    Raises InputError where the network cannot write it.
    """
    writings = {bias: network.write(text, bias=bias, seed=seed) for bias in biases}
    numbers = [{"bias": bias, **writing_numbers(writing)} for bias, writing in writings.items()]
    lines = line_figures(written_figures(writing, f"bias {bias:g}") for bias, writing in writings.items())
    remark = f"Seed {seed}. Bias 0 is as varied as the data, higher is more regular."
    return numbers, Section("What it writes", remark, lines)


def writing_numbers(writing: Writing) -> dict[str, Any]:
    """Return the points of all lines, and whether the network ended each of them itself."""
    return {"points": sum(map(len, writing.lines)), "stopped_by_itself": writing.stopped}


def written_figures(writing: Writing, name: str) -> Html:
    """Return the lines of a writing under its name; one with a text that hit the point limit is marked."""
    lines = [(text, points) for text, points in zip(writing.texts, writing.lines, strict=True) if len(points)]
    figures = []
    for (text, points), sample in zip(lines, writing.samples, strict=True):
        reasons = ["hit the point limit"] if text and not sample.stopped else []
        figures.append(line_figure(points, name, text, f"{len(points):,} points", reasons))
    return stacked(figures)


def figures_section(network: Writer, text: str | None, seed: int) -> tuple[Any, Section]:
    """Return the attention window and the densities along a line that the network writes, and their numbers.

    Raises InputError where the network cannot write it.
    """
    from results.figures.window_and_density import density, window

    short = None if text is None else text[: network.chars_per_line].strip()
    trace = written(network, short, bias=FIGURE_BIAS, seed=seed)
    figures = {"density": density(trace, bias=FIGURE_BIAS)}
    if trace.weights is not None:
        figures = {"window": window(trace)} | figures
    images = stacked(image_figure(figure_png(figure), CAPTIONS[name]) for name, (figure, _) in figures.items())
    remark = f"Written at bias {FIGURE_BIAS:g}, seed {seed}."
    numbers = {name: shown for name, (_, shown) in figures.items()}
    return numbers, Section("Where it attends and what it expects", remark, images)


def figure_png(figure: "Figure") -> bytes:
    """Return the figure as a PNG of a page's width."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=FIGURE_DPI)
    return file.getvalue()
