"""The measures of pages are those of the ink, and forms are found by their lines' ids."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.pages import LINES, forms_of, measured
from ink.geometry import mapped, rotation, shear
from tests.render.some_ink import loops
from tests.results.recognizers import line_of
from tests.tiny import write_corpus
from utils.errors import InputError


def test_deviations_within_a_page_are_those_that_its_lines_were_made_with() -> None:
    ink, text = loops(20), "x" * 20
    alike, mean = measured([ink, ink], [text] * 2)
    np.testing.assert_allclose([*alike, mean], 0, atol=1e-6)
    sheared = measured([mapped(ink, shear(lean)) for lean in (0.2, 0.4)], [text] * 2)[0]
    assert sheared[0] == pytest.approx(0.2 / np.sqrt(2), rel=1e-3)
    large = measured([ink, mapped(ink, np.eye(2) * 1.2)], [text] * 2)[0]
    assert large[1] == pytest.approx(0.2 / np.sqrt(2) / 1.1, rel=1e-3) == pytest.approx(large[2], rel=1e-3)
    turned, mean = measured([mapped(ink, rotation(np.radians(angle))) for angle in (-1, -3)], [text] * 2)
    assert (turned[3], mean) == (pytest.approx(np.sqrt(2), rel=0.05), pytest.approx(2, rel=0.05))


def test_forms_are_lines_of_one_form_in_order(tmp_path: Path) -> None:
    lines = [line_of("abc", seed, id=f"{form}-{seed:02}", split="v") for seed in range(LINES + 1) for form in "pqr"]
    write_corpus(tmp_path / "forms", [*lines, replace(line_of("abc", id="s-00"), split="v")])
    chosen = forms_of("forms", ["v"], tmp_path, 2)
    assert [[line.id for line in form] for form in chosen] == [
        [f"{form}-{n:02}" for n in range(LINES)] for form in "pr"
    ]
    with pytest.raises(InputError, match="3 forms have 6 lines, 4 are wanted"):
        forms_of("forms", ["v"], tmp_path, 4)
