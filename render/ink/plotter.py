"""Pages as G-code or HPGL for a plotter, written by vpype and vpype-gcode, which are optional: the extra "plotter"."""

import math
import shlex
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from render.ink.curves import visible
from render.ink.page import Page
from utils.errors import InputError
from utils.files import atomic_path
from utils.signature import did_you_mean

MACHINES = Path(__file__).with_name("machines")
"""Folder of the machines that have a name, a TOML file each."""
LANGUAGES = ("gcode", "hpgl")
"""Languages of plotters; a file's name ends in that of its."""
PX_PER_MM = 96 / 25.4
PROFILE = "ductus"


@dataclass(frozen=True)
class Machine:
    """A plotter as its TOML file has it.

    language       "gcode" or "hpgl"
    device         hpgl: the plotter's name in vpype
    feed, travel   gcode: mm per minute on the paper and above it
    pen_down, pen_up, start, end  gcode: lines of code; start and end are those of the whole page
    """

    language: str
    device: str = ""
    feed: float = 1500.0
    travel: float = 3000.0
    pen_down: str = ""
    pen_up: str = ""
    start: str = ""
    end: str = ""

    @property
    def suffix(self) -> str:
        """The end of the name of a file for the machine."""
        return f".{self.language}"


def load_machine(name: str) -> Machine:
    """Return the machine of a name in the folder `machines`, or of a TOML file.

    Raises InputError where it is neither, or the file has other keys or values than a `Machine`.
    """
    known = sorted(path.stem for path in MACHINES.glob("*.toml"))
    path = MACHINES / f"{name}.toml" if name in known else Path(name)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        hint = did_you_mean(name, known)
        raise InputError(f"machine {name!r} is not a TOML file, and not bundled; {hint}") from None
    except ValueError as error:
        raise InputError(f"{path}: no TOML: {error}") from None
    types = {field.name: (int, float) if field.type is float else str for field in fields(Machine)}
    for key, value in content.items():
        if key not in types:
            raise InputError(f"{path}: unknown key {key}; {did_you_mean(key, types)}")
        if not isinstance(value, types[key]) or isinstance(value, bool):
            raise InputError(f"{path}: {key} is {value!r}; it must be a {'text' if types[key] is str else 'number'}")
    if content.get("language") not in LANGUAGES:
        raise InputError(f'{path}: language must be "gcode" or "hpgl"')
    if content["language"] == "hpgl" and not content.get("device"):
        raise InputError(f"{path}: hpgl needs the plotter's name in vpype as its device")
    for key in ("feed", "travel"):
        if not 0 < content.get(key, 1) < math.inf:
            raise InputError(f"{path}: {key} is {content[key]:g} mm per minute; it must be above 0")
    return Machine(**content)


def require_vpype() -> tuple[Any, Any]:
    """Return the module vpype and its function `execute`.

    Raises InputError where vpype or vpype-gcode is not installed.
    """
    try:
        import vpype
        import vpype_gcode  # noqa: F401  the command gwrite
        from vpype_cli import execute
    except ImportError:
        raise InputError('G-code and HPGL are written by vpype; install it: pip install -e ".[plotter]"') from None
    return vpype, execute


def write_plot(path: Path, page: Page, machine: Machine) -> None:
    """Write the ink of a page, without its ruling, for a machine; the paper's lower left corner is 0, 0 in G-code.

    Raises InputError where vpype is not installed, or the plotter takes no paper of the page's size.
    """
    vpype, execute = require_vpype()
    size = page.width * PX_PER_MM, page.height * PX_PER_MM
    document = vpype.Document(page_size=size)
    strokes = [visible(stroke) * PX_PER_MM for stroke in page.strokes]
    document.add(vpype.LineCollection([stroke[:, 0] + 1j * stroke[:, 1] for stroke in strokes]), 1)
    with atomic_path(path) as scratch:
        file = shlex.quote(str(scratch))
        if machine.language == "gcode":
            vpype.config_manager.config.setdefault("gwrite", {})[PROFILE] = gcode_profile(machine)
            execute(f"gwrite --profile {PROFILE} {file}", document)
        else:
            require_paper(machine, page.width, page.height)
            execute(f"write --quiet --absolute --format hpgl --device {shlex.quote(machine.device)} {file}", document)


def gcode_profile(machine: Machine) -> dict[str, Any]:
    """Return the machine as a profile of vpype-gcode."""

    def lines(*codes: str) -> str:
        return "".join(f"{code.strip()}\n" for code in codes if code.strip())

    def plain(code: str) -> str:
        return code.replace("{", "{{").replace("}", "}}")

    up, down, start, end = map(plain, (machine.pen_up, machine.pen_down, machine.start, machine.end))
    return {
        "unit": "mm",
        "vertical_flip": True,
        "document_start": lines("G21", "G90", start, up),
        "segment_first": lines(f"G0 X{{x:.3f}} Y{{y:.3f}} F{machine.travel:g}", down),
        "segment": lines(f"G1 X{{x:.3f}} Y{{y:.3f}} F{machine.feed:g}"),
        "line_end": lines(up),
        "document_end": lines(f"G0 X0 Y0 F{machine.travel:g}", end),
    }


def require_paper(machine: Machine, width: float | None, height: float | None) -> None:
    """Raise InputError unless a machine takes paper of this size in mm (None: that of the ink); by G-code all do."""
    if machine.language != "hpgl":
        return
    vpype, _ = require_vpype()
    config = vpype.config_manager.get_plotter_config(machine.device)
    if config is None:
        hint = did_you_mean(machine.device, vpype.config_manager.get_plotter_list())
        raise InputError(f"device {machine.device!r} is unknown to vpype; {hint}")
    if not (width and height and config.paper_config_from_size((width * PX_PER_MM, height * PX_PER_MM))):
        papers = ", ".join(paper.name for paper in config.paper_configs)
        size = f"{width:.0f} x {height:.0f} mm" if width and height else "the ink's size"
        raise InputError(f"{machine.device} takes no paper of {size}; it takes {papers}: give --paper")
