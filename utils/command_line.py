"""Parsers of command lines that say in one line what is wrong, and name the nearest option."""

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

EXAMPLE = "example:"
"""Words before the example of a --help."""


class Help(argparse.HelpFormatter):
    """A formatter of --help that leaves the example on a line of its own, to be copied."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(EXAMPLE) else super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """A parser, of a script or of one of its subcommands, whose errors are one line.

    example  a command that works, shown by --help, and where a required argument is missing
    """

    def __init__(self, *args: Any, example: str = "", **options: Any) -> None:
        super().__init__(*args, **{"formatter_class": Help, **options})
        self.example = example
        if example:
            self.epilog = f"{EXAMPLE}\n  {example}"

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, but refuse what a subcommand does not know in its own words."""
        arguments = list(sys.argv[1:] if args is None else args)
        namespace, unknown = super().parse_known_args(arguments, namespace)
        if unknown:
            self.error(self._unknown(unknown, arguments))
        return namespace, unknown

    def error(self, message: str) -> NoReturn:
        """Print the message and where help is, and leave with exit code 2."""
        choice = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        near = difflib.get_close_matches(choice[1], re.findall(r"[\w.-]+", choice[2]), n=1) if choice else []
        if choice and near:
            message = message.replace(choice[0], f"there is no {choice[1]!r}; did you mean {near[0]}?")
        elif self.example and " required" in message:
            message = f"{message}, as in: {self.example}"
        elif (value := re.match(r"argument .*?(--[\w-]+): invalid \w+ value", message)) and self._takes_several(
            value[1]
        ):
            message = f"{message}; put a text before {value[1]}, which takes all words behind it"
        self.exit(2, f"error: {message} ({self.prog} --help lists all)\n")

    def _takes_several(self, option: str) -> bool:
        return any(option in action.option_strings and action.nargs in ("+", "*") for action in self._actions)

    def _unknown(self, unknown: Sequence[str], arguments: Sequence[str]) -> str:
        """Return the message about arguments that are left over."""
        options = [word for word in unknown if word.startswith("-")]
        if options and "--" in arguments[: arguments.index(options[0])]:
            return f"{options[0]} comes after --, where nothing is an option; put it before"
        if options:
            known = [name for action in self._actions for name in action.option_strings]
            near = difflib.get_close_matches(options[0].partition("=")[0], known, n=1)
            return f"there is no option {options[0]}" + (f"; did you mean {near[0]}?" if near else "")
        return f"{unknown[0]!r} is an argument too many; put a text of several words in quotes"
