"""A studio with small untrained networks, and a page's way to call it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from model.writing.conditional import ConditionalHandwriting
from studio.app import Studio, application
from tests.results.recognizers import ALPHABET, line_of, recognizer
from tests.results.writers import writer
from tests.test_experiments_read import recognition
from tests.tiny import tiny_config, write_corpus
from utils.checkpoint import save_checkpoint

HOST = "127.0.0.1:8765"


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network that writes, writer.pt, and one that reads, reader.pt."""
    folder = tmp_path_factory.mktemp("networks")
    write_corpus(folder / "data" / "letters", [line_of(text, split="train") for text in ("abcdefg", "ace", "bd")])
    facts = {**writer().facts, "mean_points_per_char": 8.0}
    config = tiny_config(folder / "data", folder, "ConditionalHandwriting", data_loader__args__corpus="letters")
    model = ConditionalHandwriting(alphabet_size=len(facts["alphabet"]), **config.resolved["arch"]["args"])
    for name, made_by, weights, known in (
        ("writer.pt", config, model.state_dict(), facts),
        ("reader.pt", recognition(folder), recognizer().model.state_dict(), {**facts, "alphabet": ALPHABET}),
    ):
        save_checkpoint(folder / name, {"config": made_by.resolved, "facts": known, "model": weights})
    return folder


class Page(TestClient):
    """The studio's page: its calls carry its origin."""

    def call(self, path: str, data: Any) -> Any:
        """Send plain data; the response."""
        return self.post(path, content=json.dumps(data), headers={"origin": f"http://{HOST}"})

    def events(self, path: str, data: Any) -> list[tuple[str, Any]]:
        """Send plain data; the events that are streamed."""
        response = self.call(path, data)
        assert response.status_code == 200, response.text
        parts = [part.split("\n", 1) for part in response.text.split("\n\n") if part]
        return [(name.removeprefix("event: "), json.loads(rest.removeprefix("data: "))) for name, rest in parts]


@pytest.fixture(scope="session")
def studio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio") / "own"


@pytest.fixture(scope="session")
def page(networks: Path, studio_folder: Path) -> Iterator[Page]:
    studio = Studio(studio_folder, networks / "writer.pt", networks / "reader.pt")
    with Page(application(studio), base_url=f"http://{HOST}") as client:
        yield client
