"""The house: a file imports only from lower floors or its own package, and no file and no function is too long."""

import ast
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "utils": 0,
    "ink": 1,
    "parse_config": 1,
    "logger": 1,
    "base": 2,
    "data_loader": 3,
    "model": 3,
    "render": 3,
    "trainer": 4,
    "results": 4,
    "commands": 5,
    "studio": 5,
    "train": 6,
    "experiments": 6,
    "prepare_data": 6,
    "benchmarks": 7,
}
"""Packages and scripts. Those of one floor do not import each other."""
MAX_FILE, MAX_FUNCTION = 300, 50


def sources(root: Path) -> dict[str, Path]:
    """The files of the house by their module's name."""
    files = [path for part in FLOORS for path in [root / f"{part}.py", *(root / part).rglob("*.py")] if path.is_file()]
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imports(module: str, path: Path, known: Iterable[str]) -> Iterator[str]:
    """The modules of the house that a file imports, wherever in it; of `from package import module` that module."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            inner = [f"{source}.{alias.name}" for alias in node.names]
            names = [name if name in known else source for name in inner]
        yield from (name for name in dict.fromkeys(names) if name in known or name.partition(".")[0] in FLOORS)


def climbs(root: Path) -> list[str]:
    """Every import that is not from a lower floor or the file's own package."""
    files = sources(root)
    actual = []
    for module, path in files.items():
        part = module.partition(".")[0]
        for name in imports(module, path, files):
            other = name.partition(".")[0]
            if other != part and FLOORS[other] >= FLOORS[part]:
                actual.append(f"{module} (floor {FLOORS[part]}) imports {name} (floor {FLOORS[other]})")
    return actual


def circle(root: Path) -> list[str]:
    """Modules that import each other in a circle, if there are any."""
    files = sources(root)
    graph = {
        module: {name for name in imports(module, path, files) if name != module} for module, path in files.items()
    }
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def too_long(root: Path) -> list[str]:
    """Files over 300 lines and functions over 50."""
    actual = []
    for module, path in sources(root).items():
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > MAX_FILE:
            actual.append(f"{module}: {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                actual += [f"{module}.{node.name}: {length} lines"] if length > MAX_FUNCTION else []
    return actual


def test_no_file_imports_from_its_own_floor_or_above() -> None:
    assert climbs(ROOT) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(ROOT) == []


def test_no_file_and_no_function_is_too_long() -> None:
    assert too_long(ROOT) == []


def test_every_package_and_script_has_its_floor() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    scripts = {path.stem for path in ROOT.glob("*.py")}
    assert packages | scripts <= FLOORS.keys(), "give it a floor"
    assert {"train", "parse_config", "trainer.trainer", "utils.checkpoint", "data_loader"} <= sources(ROOT).keys()


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A sound house of a few rooms."""
    rooms = {
        "utils/__init__.py": "",
        "utils/files.py": "import os\nfrom pathlib import Path\n",
        "model/__init__.py": "from model.net import Net\n",
        "model/net.py": "import torch\nfrom utils import files\nclass Net: ...\n",
        "model/loss.py": "from . import net\nfrom .net import Net\n",
        "train.py": "import model.loss\nfrom model import Net\n",
    }
    for name, text in rooms.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_sound_house_is_found_sound(house: Path) -> None:
    assert climbs(house) == circle(house) == too_long(house) == []


CLIMBS = {
    "utils/files.py": [
        *("import model", "import model.net as net", "from model import net", "from model.net import Net"),
        *("import os, train", "def late():\n    from train import train", "if False:\n    import logger.run_log"),
    ],
    "model/net.py": ["from render import svg", "from data_loader.corpus import Corpus", "import data_loader"],
}
"""Imports from above, and from a neighbour on the same floor."""


@pytest.mark.parametrize(("file", "line"), [(file, line) for file, lines in CLIMBS.items() for line in lines])
def test_a_planted_climb_is_found(house: Path, file: str, line: str) -> None:
    (house / file).write_text(line + "\n")
    (actual,) = climbs(house)
    assert actual.startswith(f"{file[:-3].replace('/', '.')} (floor {FLOORS[file.partition('/')[0]]}) imports ")


@pytest.mark.parametrize(
    ("line", "other"),
    [
        *(
            (line, "model.loss")
            for line in ("from model.loss import nll", "from model import loss", "from . import loss")
        ),
        *(("import model.loss", "model.loss"), ("from model import Net", "model")),
    ],
)
def test_a_planted_circle_is_found(house: Path, line: str, other: str) -> None:
    (house / "model" / "net.py").write_text(line + "\n")
    assert {"model.net", other} <= set(circle(house))


def test_planted_length_is_found(house: Path) -> None:
    (house / "train.py").write_text("x = 1\n" * 301)
    (house / "utils" / "files.py").write_text("class A:\n    def long(self):\n" + "        x = 1\n" * 50)
    assert too_long(house) == ["utils.files.long: 51 lines", "train: 301 lines"]
    (house / "utils" / "files.py").write_text("class A:\n    def long(self):\n" + "        x = 1\n" * 49)
    (house / "train.py").write_text("x = 1\n" * 300)
    assert too_long(house) == []
