"""What a network does now, as sections of its report: it writes, and shows where it looks and what it expects."""

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
CHARACTERS = 20
FIGURE_BIAS = 0.5
FIGURE_DPI = 200


def text_for(network: Writer) -> str | None:
    """Something that the network can write: what it knows of a sentence, or of its alphabet; None: it writes freely."""
    if not network.reads_text:
        return None
    if network.can("write characters"):
        return network.characters[:CHARACTERS]
    alphabet = network.alphabet.characters
    known = "".join(character for character in TEXT if character in alphabet)
    return known if 2 * len(known) > len(TEXT) else "".join(alphabet.split())[:CHARACTERS]


def writing_section(network: Writer, text: str | None, biases: Sequence[float], seed: int) -> tuple[Any, Section]:
    """A text, or free writing, at several biases from one seed: how long and how it ended, and the lines.

    Raises InputError where the network cannot write it.
    """
    writings = [network.write(text, bias=bias, seed=seed) for bias in biases]
    numbers = [
        {
            "bias": bias,
            "points": sum(map(len, one.lines)),
            "stopped_by_itself": one.stopped,
        }
        for bias, one in zip(biases, writings, strict=True)
    ]
    drawn = [written_figures(one, f"bias {bias:g}") for bias, one in zip(biases, writings, strict=True)]
    remark = f"Seed {seed}. Bias 0 is as varied as the data, higher is more regular."
    return numbers, Section("What it writes", remark, line_figures(drawn))


def written_figures(writing: Writing, name: str) -> Html:
    """The lines of a writing under its name; a text that a cap ended, not the network, is marked."""
    lines = [(told, points) for told, points in zip(writing.texts, writing.lines, strict=True) if len(points)]
    figures = []
    for (told, points), one in zip(lines, writing.samples, strict=True):
        why = ["ended by the cap"] if told and not one.stopped else []
        figures.append(line_figure(points, name, told, f"{len(points):,} points", why))
    return stacked(figures)


def figures_section(network: Writer, text: str | None, seed: int) -> tuple[Any, Section]:
    """The window and the densities along a line that the network writes, and their numbers.

    Raises InputError where the network cannot write it.
    """
    from results.figures.window_and_density import density, window

    short = None if text is None else text[: network.facts["chars_per_line"]].strip()
    trace = written(network, short, bias=FIGURE_BIAS, seed=seed)
    figures = {"density": density(trace, bias=FIGURE_BIAS)}
    if trace.weights is not None:
        figures = {"window": window(trace)} | figures
    told = {
        "window": "Where it looked in its text: pen points to the right, characters upwards.",
        "density": "Where it expected each next point, the pen lifts, and the weights of the components.",
    }
    images = stacked(image_figure(figure_png(figure), told[name]) for name, (figure, _) in figures.items())
    remark = f"Written at bias {FIGURE_BIAS:g}, seed {seed}."
    return {name: numbers for name, (_, numbers) in figures.items()}, Section(
        "What it looks at and expects", remark, images
    )


def figure_png(figure: "Figure") -> bytes:
    """The figure as a PNG of a page's width."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=FIGURE_DPI)
    return file.getvalue()
