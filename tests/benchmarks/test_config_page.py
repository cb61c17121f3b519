from pathlib import Path

from benchmarks.config_page import PAGE, descriptions, page
from data_loader.augment import Augment
from data_loader.compose import Compose
from data_loader.mixture import MixtureEntry
from data_loader.transform import Transform
from utils.signature import named_parameters

ROOT = Path(__file__).parent.parent.parent


def test_the_page_of_config_keys_is_that_of_the_code() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "make it again: python -m benchmarks.config_page"


def test_the_keys_of_the_objects_in_a_config_are_in_the_page_that_it_names() -> None:
    text = (ROOT / "docs/transformations.md").read_text(encoding="utf-8")
    names = {name for kind in (Transform, Augment, MixtureEntry, Compose) for name in named_parameters(kind)}
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_descriptions_come_from_either_form_of_docstring() -> None:
    def columns(first: int, second: int, third: int) -> None:
        """Do something: with these.

        first, second  text
                       that goes on
        other: nothing
        """

    def colons(first: int) -> None:
        """Do something.

        first: text
        that goes on

        and ends.
        """

    assert descriptions(columns) == dict.fromkeys(["first", "second"], "text that goes on")
    assert descriptions(colons) == {"first": "text that goes on"}
