"""Checkpoints: plain data in one file, written whole or not at all, read without running anything in it."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from utils.errors import InputError
from utils.files import atomic_path

FORMAT_VERSION = 1
NEEDED = ("config", "facts", "model")
"""What every checkpoint has beside its format version; one that a run can go on from has "training" too."""

FACTS = {
    "corpus": str,
    "alphabet": str,
    "std": list,
    "mean_points_per_char": float,
    "points_per_char": float,
    "points_per_line": int,
    "chars_per_line": int,
}
"""What a checkpoint knows of its data, see data_loader.data_loaders."""


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write `content` (plain data and tensors) to `path`, in place of an older one only when complete."""
    with atomic_path(path) as scratch:
        torch.save({"format_version": FORMAT_VERSION, **content}, scratch)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU.

    Raises InputError where there is none, it is damaged, holds anything but plain data, or is of a newer format.
    """
    try:
        _require_intact(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such checkpoint") from None
    except pickle.UnpicklingError:
        raise InputError(f"{path}: refused: not a checkpoint, or one that holds more than plain data") from None
    except Exception as error:  # a damaged file may make its reader raise anything
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise InputError(f"{path}: damaged or not a checkpoint ({reason})") from None
    if not isinstance(content, dict) or not isinstance(content.get("format_version"), int):
        raise InputError(f"{path}: not a checkpoint of this project")
    if content["format_version"] > FORMAT_VERSION:
        raise InputError(
            f"{path}: written by a newer version (its format is {content['format_version']}, this one reads up to "
            f"{FORMAT_VERSION}); update this project"
        )
    wanted = [*NEEDED, "training"] if "training" in content else NEEDED
    missing = [key for key in wanted if not isinstance(content.get(key), dict)]
    if missing or not all(isinstance(weight, torch.Tensor) for weight in content["model"].values()):
        raise InputError(f"{path}: not a whole checkpoint: it has no {', '.join(missing) or 'weights'}")
    return content


def require_facts(facts: dict[str, Any], path: Path) -> None:
    """Raise InputError unless a checkpoint's facts of its data are whole."""
    wrong = [name for name, kind in FACTS.items() if not isinstance(facts.get(name), kind)]
    if wrong or len(facts["std"]) != 2:
        raise InputError(f"{path}: not a whole checkpoint: its facts lack {', '.join(wrong) or 'a std of two numbers'}")


def _require_intact(path: Path) -> None:
    """Raise BadZipFile unless all check sums are right, which torch.load does not look at."""
    with zipfile.ZipFile(path) as archive:
        part = archive.testzip()
    if part:
        raise zipfile.BadZipFile(f"the check sum of {part} is wrong")


def load_weights(model: torch.nn.Module, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Put `weights` into the model.

    Raises InputError naming the first weights that do not fit.
    """
    own = model.state_dict()
    faults = [f"has no {name}" for name in own if name not in weights]
    faults += [f"has {name}, which the model has not" for name in weights if name not in own]
    faults += [
        f"its {name} is {tuple(weights[name].shape)}, the model's {tuple(own[name].shape)}"
        for name in own
        if name in weights and weights[name].shape != own[name].shape
    ]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise InputError(f"{path}: weights of another model: it {faults[0]}{more}; use the config it was made with")
    model.load_state_dict(weights)


def load_shared_parts(model: torch.nn.Module, weights: dict[str, torch.Tensor], path: Path) -> list[str]:
    """Put `weights` into the model but for the parts that only one of them has: those parts, to be told.

    A part is a module of the model itself: a recognizer's decoder, say, which is learned on top of an encoder that is
    known. Parts that both have must fit.

    Raises InputError where no part is shared, or one does not fit.
    """
    own = model.state_dict()
    parts = [{name.split(".")[0] for name in names} for names in (own, weights)]
    shared = parts[0] & parts[1]
    if not shared:
        raise InputError(f"{path}: weights of another model: it has none of {', '.join(sorted(parts[0]))}")
    fresh = {name: weight for name, weight in own.items() if name.split(".")[0] not in shared}
    known = {name: weight for name, weight in weights.items() if name.split(".")[0] in shared}
    load_weights(model, known | fresh, path)
    return sorted(parts[0] ^ parts[1])
