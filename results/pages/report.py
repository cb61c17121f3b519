"""All about a run on one page that stands alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from render.web.html import Section, page, paragraph
from results.pages.measured_sections import Lines, Measured, evaluation_section, legibility_section
from results.pages.run_sections import (
    config_section,
    curves_section,
    numbers_section,
    origin_section,
    pictures_section,
)
from results.pages.writing_sections import figures_section, text_for, writing_section
from results.runs.run import Run
from results.trained import TrainedModel
from utils.errors import InputError
from utils.progress import progress

BIASES = (0.0, 0.5, 1.0, 2.0)
LEGIBLE_TEXTS = 50


@dataclass(frozen=True)
class Wanted:
    """What a report shows beside what the run left behind.

    text     to be written; None: one that the network knows
    lines    that it is measured on
    sure     whether they were asked for: where they are not there, it is an error, else a remark
    reader   a recognizer to judge how legible it writes; None: that is left out
    made_by  the command that makes the page again
    """

    text: str | None
    seed: int
    lines: Lines
    sure: bool
    reader: TrainedModel[Any] | None
    made_by: str
    biases: Sequence[float] = BIASES


def report(run: Run, wanted: Wanted) -> tuple[dict[str, Any], str]:
    """The numbers of a run and of what it does now, and the web page that shows them.

    Raises InputError where something was asked for that the network cannot do, or that is not there.
    """
    network, parts = run.network, _parts(run, wanted)
    numbers, sections = run.numbers(), list[Section]()
    for name, part in progress(parts.items(), len(parts), "report", "part"):
        found, section = part()
        sections.append(section)
        if found is not None:
            numbers[name] = found
    arch, corpus = network.arch, network.corpus
    lead = f"{arch}, {network.model.num_parameters:,} parameters, trained on {corpus}."
    return numbers, page(run.name, lead, sections)


def _parts(run: Run, wanted: Wanted) -> dict[str, Callable[[], tuple[Any, Section]]]:
    """What the page is made of, in order; each gives its numbers, or None, and its section."""
    network, writes = run.network, run.network.can("write")
    if not writes and (wanted.text is not None or wanted.reader is not None):
        raise InputError(f"{network.path}: this network reads; leave out --text and --reader, which are for writing")
    text = (text_for(network) if wanted.text is None else wanted.text) if writes else None
    parts: dict[str, Callable[[], tuple[Any, Section]]] = {
        "in_short": lambda: (None, numbers_section(run)),
        "curves": lambda: (None, curves_section(run)),
    }
    if writes:
        parts["writing"] = lambda: writing_section(network, text, wanted.biases, wanted.seed)
    parts["evaluation"] = lambda: _if_there(wanted, lambda: evaluation_section(network, wanted.lines), "Evaluation")
    if reader := wanted.reader:
        n = min(wanted.lines.n or LEGIBLE_TEXTS, LEGIBLE_TEXTS)
        parts["legibility"] = lambda: legibility_section(network, reader, wanted.lines, n)
    if network.can("write lines"):
        parts["figures"] = lambda: figures_section(network, text, wanted.seed)
    return parts | {
        "pictures": lambda: (None, pictures_section(run)),
        "config": lambda: (None, config_section(run)),
        "origin": lambda: (None, origin_section(run, wanted.made_by)),
    }


def _if_there(wanted: Wanted, measure: Callable[[], Measured], heading: str) -> tuple[Any, Section]:
    """What was measured; where it cannot be and nobody asked for it, why not."""
    try:
        return measure()
    except InputError as error:
        if wanted.sure:
            raise
        return None, Section(heading, "", paragraph(f"Left out: {error}"))
