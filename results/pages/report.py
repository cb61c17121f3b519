"""The page of a run: its training, what it writes, and how good it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from render.web.html import Section, page, paragraph
from results.pages.measured_sections import LineSample, Measured, evaluation_section, legibility_section
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
SectionMaker = Callable[[], tuple[Any, Section]]
"""A function that returns numbers, or None, and the section that shows them."""


@dataclass(frozen=True)
class ReportOptions:
    """Choices of a report.

    text      the text to write; None: one that the network knows
    sample    the lines to measure the network on
    required  True if it is an error, not a remark, that these lines do not exist
    reader    a recognizer to judge how legible the network writes; None: no such section
    made_by   the command that makes the page again
    """

    text: str | None
    seed: int
    sample: LineSample
    required: bool
    reader: TrainedModel[Any] | None
    made_by: str
    biases: Sequence[float] = BIASES


def report(run: Run, options: ReportOptions) -> tuple[dict[str, Any], str]:
    """Return the numbers of a run, of its training and of what it does now, and the web page that shows them.

    Raises InputError where the options name something that the network cannot do, or that does not exist.
    """
    network, makers = run.network, _section_makers(run, options)
    numbers, sections = run.numbers(), []
    for name, make in progress(makers.items(), len(makers), "report", "section"):
        measured, section = make()
        sections.append(section)
        if measured is not None:
            numbers[name] = measured
    lead = f"{network.arch}, {network.model.num_parameters:,} parameters, trained on {network.corpus}."
    return numbers, page(run.name, lead, sections)


def _section_makers(run: Run, options: ReportOptions) -> dict[str, SectionMaker]:
    """Return the makers of the page's sections, in order, by the names of their numbers."""
    network, writes = run.network, run.network.can("write")
    if not writes and (options.text is not None or options.reader is not None):
        raise InputError(f"{network.path}: this network reads; leave out --text and --reader, which are for writing")
    text = (text_for(network) if options.text is None else options.text) if writes else None
    makers: dict[str, SectionMaker] = {
        "in_short": lambda: (None, numbers_section(run)),
        "curves": lambda: (None, curves_section(run)),
    }
    if writes:
        makers["writing"] = lambda: writing_section(network, text, options.biases, options.seed)
    makers["evaluation"] = lambda: _evaluation_section(network, options)
    if options.reader:
        makers["legibility"] = lambda: _legibility_section(network, options)
    if network.can("write lines"):
        makers["figures"] = lambda: figures_section(network, text, options.seed)
    return makers | {
        "pictures": lambda: (None, pictures_section(run)),
        "config": lambda: (None, config_section(run)),
        "origin": lambda: (None, origin_section(run, options.made_by)),
    }


def _evaluation_section(network: Any, options: ReportOptions) -> Measured | tuple[None, Section]:
    """Return the evaluation; if it fails and its lines are not required, a section that says why."""
    try:
        return evaluation_section(network, options.sample)
    except InputError as error:
        return _left_out("Evaluation", error, options)


def _legibility_section(network: Any, options: ReportOptions) -> Measured | tuple[None, Section]:
    """Return the legibility; if its lines are not there and not required, a section that says why."""
    try:
        options.sample.draw(network)
    except InputError as error:
        return _left_out("Legibility", error, options)
    n = min(options.sample.n or LEGIBLE_TEXTS, LEGIBLE_TEXTS)
    return legibility_section(network, options.reader, options.sample, n)


def _left_out(heading: str, error: InputError, options: ReportOptions) -> tuple[None, Section]:
    """Return a section that says why it is empty. Raises the error where its lines are required."""
    if options.required:
        raise error
    return None, Section(heading, "", paragraph(f"Left out: {error}"))
