import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from render.ink import plotter
from render.ink.page import Page
from render.ink.plotter import (
    MACHINES,
    Machine,
    gcode_profile,
    load_machine,
    require_paper,
    require_vpype,
    write_plot,
)
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
        ('language = "gcode"\nfeed = -5', "feed is -5 mm per minute; it must be above 0"),
        ('language = "gcode"\ntravel = inf', "travel is inf mm per minute"),
        ('language = "gcode"\ntravel = nan', "travel is nan mm per minute"),
        ('language = "gcode"\ntravel = true', "travel is True; it must be a number"),
        ('language = "hpgl"', "hpgl needs the plotter's name in vpype as its device"),
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


def test_hpgl_takes_paper_of_the_plotters_sizes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    a4 = SimpleNamespace(name="a4")
    config = SimpleNamespace(paper_configs=[a4], paper_config_from_size=lambda size: a4 if size[0] > 700 else None)
    manager = SimpleNamespace(get_plotter_config={"hp7475a": config}.get, get_plotter_list=lambda: ["hp7475a"])
    monkeypatch.setattr(plotter, "require_vpype", lambda: (SimpleNamespace(config_manager=manager), None))
    machine = load_machine("hp7475a")
    require_paper(machine, 210, 297)
    require_paper(load_machine("grbl-z"), None, None)
    for width, height, named in ((105, 148, "105 x 148 mm; it takes a4"), (None, None, "the ink's size; it takes a4")):
        with pytest.raises(InputError, match=f"takes no paper of {named}: give --paper"):
            require_paper(machine, width, height)
    with pytest.raises(InputError, match="device 'hp7475' is unknown to vpype; did you mean hp7475a"):
        require_paper(replace(machine, device="hp7475"), 210, 297)


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
