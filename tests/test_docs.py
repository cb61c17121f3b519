"""README and docs name commands, options, files and places that exist."""

import argparse
import ast
import contextlib
import importlib
import importlib.util
import io
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import experiments
import prepare_data
import train
from parse_config import from_args
from studio import __main__ as studio
from trainer.run import CATALOGUE, RESERVED
from utils.command_line import Parser

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *ROOT.glob("CONTRIBUTING.md"), *sorted(ROOT.glob("docs/*.md"))]
PAGES += [ROOT / "saved/pretrained/README.md"]
STUB = '#!/bin/sh\n{ printf "%s\\037" "${0##*/}" "$@"; printf "\\036"; } >> "$CALLS"\n'
"""A program that notes how it was called."""
PROGRAMS = ("python", "torchrun", "make")
PARSERS: dict[str, Callable[[], Any]] = {
    "train.py": train.parse_args,
    "experiments.py": experiments.parse_arguments,
    "prepare_data.py": prepare_data.parse_arguments,
    "studio": studio.parse_arguments,
}
BUNDLED = re.compile(r"\b(?:saved/pretrained|recipes)/[\w.-]+\.(?:pt|npz|jsonl|sh|json)|\bconfig_\w+\.json")
FOREIGN = {"--index-url", "--nproc-per-node", "--logdir"}
"""Options of other programs, which the text of a page names."""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """The code of a language in a page."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


def calls(text: str, folder: Path) -> list[list[str]]:
    """Return what a shell calls when a text is typed, with stand-ins for the programs."""
    for program in PROGRAMS:
        (folder / program).write_text(STUB)
        (folder / program).chmod(0o755)
    noted = folder / "calls"
    noted.touch()
    shell = ["/bin/bash", "-c", "source() { :; }\n" + text]
    environment = {"PATH": str(folder), "CALLS": str(noted)}
    subprocess.run(shell, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    return [call.split("\037")[:-1] for call in noted.read_text(encoding="utf-8").split("\036")[:-1]]


def parsed(script: str, arguments: list[str]) -> Any:
    """Return the arguments of a script as it reads them.

    Raises AssertionError with its message where it refuses them.
    """
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(io.StringIO()) as message:
        patch.setattr("sys.argv", [script, *arguments])
        try:
            return PARSERS[script]()
        except SystemExit:
            raise AssertionError(f"{shlex.join(arguments)}: {message.getvalue()}") from None


def require_right(call: list[str]) -> None:
    """Raise AssertionError where a call names a target, a module, an option or a config key that does not exist."""
    program, *words = call
    if program == "make":
        targets = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert all(f"make {word} " in targets for word in words if "=" not in word), shlex.join(call)
        return
    while program == "torchrun" and words[0].startswith("--"):
        words = words[1:]
    script, *arguments = words[1:] if words[0] == "-m" else words
    if script not in PARSERS:
        assert importlib.util.find_spec(script), shlex.join(call)
        return
    args = parsed(script, arguments)
    if script == "train.py" and args.config and Path(args.config).is_file():
        from_args(args).check(CATALOGUE, RESERVED)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_a_page_is_one(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for call in calls("\n".join(blocks(page, "bash")), tmp_path):
        require_right(call)


@pytest.mark.parametrize(
    "command",
    [
        "make wirte",
        "python experiments.py write hi --bais 1",
        "python -m nothing",
        'for kind in a b; do cat x | python prepare_data.py no-format "$kind"; done',
        "torchrun --nproc-per-node=2 train.py -c config_digits.json --set trainer.epoch=3",
    ],
)
def test_a_wrong_command_is_caught(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises((AssertionError, ValueError)):
        for call in calls(command, tmp_path):
            require_right(call)


def all_parsers() -> dict[str, Parser]:
    """The parsers of the scripts and of their subcommands, by what is typed to reach them."""
    reached: dict[str, Parser] = {}

    def keep(parser: Parser, *_: Any) -> None:
        reached[parser.prog] = parser
        raise SystemExit

    for script in PARSERS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Parser, "parse_args", keep)
            patch.setattr("sys.argv", [script])
            with contextlib.suppress(SystemExit):
                PARSERS[script]()
    for parser in list(reached.values()):
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                reached |= {subparser.prog: subparser for subparser in action.choices.values()}
    return reached


def options() -> set[str]:
    """The options of all commands, as their help names them, and of the benchmarks."""
    sources = [path.read_text(encoding="utf-8") for path in ROOT.glob("benchmarks/*.py")]
    helps = [parser.format_help() for parser in all_parsers().values()]
    return {*re.findall(r"--[a-z][a-z-]*", "\n".join([*helps, *sources]))}


@pytest.mark.parametrize("parser", all_parsers().values(), ids=lambda parser: parser.prog)
def test_every_help_says_what_each_option_does_and_has_an_example_that_parses(parser: Parser) -> None:
    for action in parser._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), action
        assert not re.match(r"(of|in|for) |\(", action.help or ""), action.help
    shown = parser.format_help()
    assert "%%" not in shown and f"\nexample:\n  {parser.example}\n" in shown
    _, *words = shlex.split(parser.example)
    if words[:1] != ["-m"]:
        parsed(words[0], words[1:])


def test_every_option_in_a_text_is_one() -> None:
    known = options() | FOREIGN
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        named = {option for code in re.findall(r"`([^`]+)`", text) for option in re.findall(r"(?<!\S)--[a-z-]+", code)}
        assert named <= known, (name_of(page), named - known)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_picture_and_bundled_file_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)(.*?)\)", text):
        path, _, place = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if place:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
            assert place in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, target
    missing = {path for path in BUNDLED.findall(text) if not (ROOT / path).exists()}
    assert missing <= {"config_yours.json"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_python_of_a_page_imports_what_exists(page: Path) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names), block


def test_every_target_of_make_that_the_readme_names_is_listed() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    named = {*re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))}
    assert all(f"make {target} " in listed for target in {*named, "lint", "test-all", "bench"})


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=name_of)
def test_every_page_says_first_whom_it_is_for_and_how_to_type_its_commands(page: Path) -> None:
    first = page.read_text(encoding="utf-8").split("\n\n")[1]
    assert first.startswith("For ")
    if blocks(page, "bash") and page.name != "README.md":
        assert "after `source .venv/bin/activate` ([install](README.md#install))" in first
    assert f"({page.name})" in (ROOT / "docs/README.md").read_text(encoding="utf-8") or page.name == "README.md"


@pytest.mark.slow
def test_the_examples_of_the_api_run_one_after_the_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for path in (ROOT / "saved/pretrained", ROOT / "config_conditional.json"):
        place = tmp_path / path.relative_to(ROOT)
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks(ROOT / "docs/api.md", "python"):
        exec(compile(block, "docs/api.md", "exec"), names)
    assert (tmp_path / "morning.pdf").stat().st_size > 1000
    assert (names["run"].folder / "best.pt").is_file() and 0 <= names["numbers"]["cer"] <= 1
