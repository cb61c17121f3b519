"""Stand-ins for packages that a borrowed machine lacks, so that what needs torch and numpy alone can be tried there."""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

PACKAGES = ("rapidfuzz", "HersheyFonts", "tensorboard", "matplotlib", "PIL", "tqdm")
"""Packages that a training on a prepared corpus hardly needs, by their names in an import."""


def stand_in_for_missing_packages() -> list[str]:
    """Have every package of PACKAGES that is not installed be imported as a stand-in; return their names.

    A bar of progress counts nothing and edit distances are 1. Call before anything of the house is imported.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    sys.meta_path.insert(0, Finder(missing))
    for name in missing:
        sys.modules.pop(name, None)  # where an earlier import failed
    return missing


class Finder(MetaPathFinder, Loader):
    """Finds the modules of missing packages, whatever their names."""

    def __init__(self, missing: Sequence[str]) -> None:
        self.missing = missing

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in self.missing else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == "tqdm":
            module.__dict__["tqdm"] = Bar


class StandIn(ModuleType):
    """A module that has everything and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=f"{self.__name__}.{name}")


class Bar:
    """The bar of tqdm without a bar."""

    def __init__(self, items: Any = None, **_: Any) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None

    @staticmethod
    def format_interval(seconds: float) -> str:
        """Return seconds as text."""
        return f"{seconds:.0f} s"
