import re
import sys
from pathlib import Path

import numpy as np
import pytest

from render.ink.page import Page
from render.ink.plotter import MACHINES, Machine, gcode_profile, load_machine, require_vpype, write_plot
from tests.render.some_ink import small_page
from utils.errors import InputError


@pytest.mark.parametrize("name", [path.stem for path in MACHINES.glob("*.toml")])
def test_bundled_machines_are_complete(name: str) -> None:
    machine = load_machine(name)
    assert machine.device if machine.language == "hpgl" else machine.pen_down and machine.pen_up


def test_pen_commands_may_have_braces() -> None:
    profile = gcode_profile(Machine("gcode", pen_down="M42 {P1}", pen_up="M43"))
    assert profile["segment_first"].format(x=1, y=2) == "G0 X1.000 Y2.000 F3000\nM42 {P1}\n"
    assert profile["line_end"] == "M43\n"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("language = 3", "language is 3; it must be a text"),
        ('language = "svg"', 'must be "gcode" or "hpgl"'),
        ('language = "gcode"\nfed = 3', "unknown key fed; did you mean feed"),
        ('language = "gcode"\nfeed = "fast"', "it must be a number"),
        ("language", "no TOML"),
    ],
)
def test_a_faulty_machine_is_refused(tmp_path: Path, content: str, named: str) -> None:
    (tmp_path / "mine.toml").write_text(content)
    with pytest.raises(InputError, match=named):
        load_machine(str(tmp_path / "mine.toml"))


def test_an_unknown_machine_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean grbl-servo"):
        load_machine("grbl-serv")


def test_every_stroke_is_plotted_where_it_is(tmp_path: Path) -> None:
    pytest.importorskip("vpype_gcode")
    page = small_page()
    write_plot(tmp_path / "a.gcode", page, load_machine("grbl-servo"))
    code = (tmp_path / "a.gcode").read_text()
    assert code.count("M3 S90") == len(page.strokes) == 3
    places = np.array(re.findall(r"G[01] X([-.\d]+) Y([-.\d]+) F", code), float)
    ink = np.concatenate(page.strokes)
    np.testing.assert_allclose(places.min(axis=0), (ink[:, 0].min(), 20 - ink[:, 1].max()), atol=2e-3)
    np.testing.assert_allclose(places.max(axis=0), (ink[:, 0].max(), 20 - ink[:, 1].min()), atol=2e-3)
    with pytest.raises(InputError, match="hp7475a takes no paper of 30 x 20 mm"):
        write_plot(tmp_path / "a.hpgl", page, load_machine("hp7475a"))
    write_plot(tmp_path / "a.hpgl", Page(210, 297, page.lines), load_machine("hp7475a"))
    assert (tmp_path / "a.hpgl").read_text().count("PD") == 3


def test_without_vpype_a_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vpype", None)
    with pytest.raises(InputError, match="plotter"):
        require_vpype()
