"""Names and docstrings use the field's words; CONTRIBUTING.md has the rules that this file holds.

python -m tests.test_words PATH ...    lists what offends in these files and folders
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OPENINGS = re.compile(
    r"(Of|What|How|Those|These|That|The same|Itself|Whose|Which|Where|So many|So much|As|Beside|Than|By|With)\b"
)
"""First words of a docstring that leave it without a subject or a verb."""
EMPTY_NAMES = re.compile(
    r"ones?|told|tells?|found|seen|said|says?|ask(ed)?|answer|most|least|beside|what|which|such|those|these|them|him|his|"
    r"ways?|many|much|lot|here|there|things?"
)
"""Names that say nothing about what they hold."""
EMPTY_PARTS = frozenset(["told", "beside", "homeward", "onward", "asked", "mend", "mended"])
"""Parts of a name, between underscores, that say nothing either."""
PACKAGES = [
    *("base", "benchmarks", "commands", "data_loader", "ink", "logger", "model", "render", "results", "trainer"),
    *("studio", "utils", "tests"),
]


def sources() -> list[Path]:
    """All Python files of the project."""
    return [*sorted(ROOT.glob("*.py")), *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))]


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring, those below constants and fields included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every name that a file defines: functions, classes, arguments, variables, fields, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.name.startswith("test_"):  # these are sentences
                yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def is_empty(name: str) -> bool:
    """True for a name that does not tell what it holds."""
    name = name.strip("_").lower()
    return EMPTY_NAMES.fullmatch(name) is not None or bool(EMPTY_PARTS & set(name.split("_")))


def offences(source: str) -> list[str]:
    """Return the offences in a file's text, a line each."""
    tree = ast.parse(source)
    places = [(line, f"name {name!r}") for line, name in names(tree) if is_empty(name)]
    places += [
        (line, f"docstring {text.splitlines()[0][:80]!r}") for line, text in docstrings(tree) if opens_badly(text)
    ]
    return [f"{line}: {offence}" for line, offence in sorted(set(places))]


def opens_badly(docstring: str) -> bool:
    """True for a docstring whose first line has neither subject nor verb."""
    return OPENINGS.match(docstring.lstrip()) is not None


@pytest.mark.parametrize(
    "source",
    [
        'def f():\n    """Of lines: the sum."""\n',
        'LIMIT = 3\n"""So many points."""\n',
        "one = 1\n",
        "def f(told):\n    pass\n",
        "self.asked = 1\n",
        "import numpy as what\n",
        "class Told:\n    pass\n",
        "for text_told in texts:\n    pass\n",
    ],
)
def test_planted_offences_are_reported(source: str) -> None:
    assert len(offences(source)) == 1


def test_no_name_and_no_docstring_of_the_project_offends() -> None:
    listed = [f"{path.relative_to(ROOT)}:{line}" for path in sources() for line in offences(path.read_text("utf-8"))]
    assert listed == []


def test_sound_words_are_left_alone() -> None:
    source = 'LIMIT = 3\n"""Points per line, at most."""\ndef weights(phase):\n    """Return weights (B, U)."""\n'
    assert offences(source) == []


def main(paths: list[str]) -> None:
    """Print what offends in files and folders."""
    for path in map(Path, paths):
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            for offence in offences(file.read_text(encoding="utf-8")):
                print(f"{file}:{offence}")


if __name__ == "__main__":
    main(sys.argv[1:])
