"""The recipes of the bundled weights, run from raw data to the exported file with tiny networks and corpora."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data_loader.synthetic.digits import synthetic_digits
from model.language.ngram import load_language_model
from results import load
from results.trained import Ability
from tests.data_loader.formats.mini_iam import MiniIam
from tests.data_loader.test_compose import ALL, drawn, word
from tests.tiny import ink_line, write_corpus
from utils.files import file_hash

ROOT = Path(__file__).parent.parent
MADE = {
    "conditional.sh": ["conditional.pt"],
    "unconditional.sh": ["unconditional.pt"],
    "recognition.sh": ["recognition.pt"],
    "digits.sh": ["digits.pt", "digit_recognition.pt"],
    "language.sh": ["language.npz"],
}
ASCII = "".join(map(chr, range(33, 127))) + " ."
SMALLER = (
    "--epochs 1 --set trainer.max_batches=1 --set trainer.tensorboard=false --set trainer.show_epochs=0 --device cpu"
    " --set data_loader.args.points_per_char=null --set data_loader.args.max_points=null"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with raw IAM-OnDB in miniature, the built-in corpus and digits, prepared; the recipes' own follow."""
    folder = tmp_path_factory.mktemp("recipes")
    raw = MiniIam()
    raw.texts["b02-001z"] = b"CSR:\n\nSaid no\nor yes\n"
    raw.write_archives(folder / "raw")
    data = folder / "data"
    splits = ("train", "train", "valid")
    write_corpus(data / "synthetic", [ink_line(n, text=ASCII, split=split) for n, split in enumerate(splits)])
    for name in ("mnist-digits", "unipen-digits", "mnist-digits-legible", "unipen-digits-legible"):
        write_corpus(data / name, synthetic_digits(num_writers=3, times_each=1, valid_writers=1))
    return folder


def run_recipe(recipe: str, *arguments: object, **variables: object) -> None:
    """Run a recipe with environment variables; fail with its output where it fails."""
    env = os.environ | {"PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    env |= {name: str(value) for name, value in variables.items()}
    command = ["bash", str(ROOT / "recipes" / recipe), *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("recipe", MADE)
def test_a_recipe_makes_its_files(recipe: str, made: Path) -> None:
    sizes = "hidden_sizes=[8,8,8]" if "recognition" in recipe else "hidden_size=8"
    smaller = f"{SMALLER} --set arch.args.{sizes}"
    folders = {"DATA_DIR": made / "data", "SAVE_DIR": made / "saved", "OUT": made / "out"}
    run_recipe(recipe, made / "raw", "not read", **folders, SMALLER=smaller)
    for name in MADE[recipe]:
        assert (made / "out" / name).is_file()
        if name.endswith(".pt"):
            load(made / "out" / name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "ability"),
    [
        ("reader", "read lines"),
        ("reader-iam", "read lines"),
        ("writer", "write lines"),
        ("writer-iam", "write lines"),
        ("embedding", "compare handwriting"),
    ],
)
def test_a_network_is_made_of_a_mixture(recipe: str, ability: Ability, made: Path, tmp_path: Path) -> None:
    words = [word(text, writer, n) for writer in "ab" for n, text in enumerate(["minor", "sea", "review", "mean"] * 3)]
    words += [word(text, "v", n, "valid") for n, text in enumerate(["sure", "cave"])]
    corpora = {
        "unipen-texts": [
            ink_line(n, text=ASCII, split=split, writer=f"{split}-{n % 2}")
            for split in ("train", "valid")
            for n in range(4)
        ],
        "unipen-words": words,
        "unipen-characters": [drawn(c, "a", n, 2.0) for c in ALL for n in range(3)],
    }
    corpora["unipen-characters-legible"] = corpora["unipen-characters"]  # the reader would leave nearly all out
    for name in ("iam-ondb-legible", "unipen-texts-legible", "unipen-texts-legible-free"):
        name += "-practice"
        corpora[name] = corpora["unipen-texts"][:4]  # nothing that the tiny network writes can be read
    for name, lines in corpora.items():
        write_corpus(made / "data" / name, lines)
    for name in ("conditional.pt", *(["reader.pt"] if recipe == "reader-iam" else [])):
        (tmp_path / name).symlink_to(ROOT / "saved" / "pretrained" / name)
    folders = {"DATA_DIR": made / "data", "SAVE_DIR": tmp_path, "OUT": tmp_path}
    sources = [made / "raw", "not read"] if "iam" in recipe else ["not read"]
    run_recipe(f"{recipe}.sh", *sources, **folders, MAX_CER=100, RATED=1, SMALLER=SMALLER)
    assert load(tmp_path / f"{recipe}.pt").can(ability)


@pytest.mark.slow
@pytest.mark.parametrize(("writer", "made"), [("writer-iam.pt", "styles.jsonl"), ("writer.pt", "free-styles.jsonl")])
def test_styles_are_made_by_the_bundled_networks(writer: str, made: str, tmp_path: Path) -> None:
    for name in (writer, "reader.pt", "embedding.pt"):
        (tmp_path / name).symlink_to(ROOT / "saved" / "pretrained" / name)
    run_recipe("styles.sh", writer, OUT=tmp_path, SEEDS=6, TRIED=2, KEPT=1, COUNT=1)
    assert len((tmp_path / made).read_text().splitlines()) == 1


@pytest.mark.slow
def test_the_language_model_is_made_of_text_and_transcriptions(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("unipen-texts", "unipen-words", "synthetic"):
        splits = ("train", "train", "valid")
        write_corpus(data / name, [ink_line(n, text=ASCII, split=split) for n, split in enumerate(splits)])
    (data / "english.txt").write_text("the cat sat\n" * 3)
    run_recipe("english.sh", "not read", DATA_DIR=data, OUT=tmp_path)
    model = load_language_model(tmp_path / "english.npz")
    assert len(model.levels) == 6 and model.nats(["the cat sat"])[0] < model.nats(["the cat cat"])[0]


def test_every_bundled_file_has_a_recipe() -> None:
    recipes = "".join(path.read_text() for path in (ROOT / "recipes").glob("*.sh"))
    files = [path.name for path in (ROOT / "saved" / "pretrained").iterdir() if path.suffix != ".md"]
    assert len(files) >= 7 and [name for name in files if name not in recipes] == []


def test_the_bundled_files_are_small_and_their_cards_name_them() -> None:
    files = [path for path in (ROOT / "saved" / "pretrained").iterdir() if path.suffix == ".pt"]
    assert sum(path.stat().st_size for path in files) <= 40e6 and max(path.stat().st_size for path in files) <= 6e6
    cards = (ROOT / "saved" / "pretrained" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in files if file_hash(path) not in cards] == []
