"""Checkpoints: plain data in one file, written whole or not at all, read without running code from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from utils.character_weights import Axes, in_alphabet, with_alphabet
from utils.errors import InputError
from utils.files import atomic_path, file_hash, near_name
from utils.rounded_weights import widened
from utils.safe_load import RefusedError, read_plain
from utils.strict_json import shown
from utils.version import version
from utils.weight_difference import RANK, difference, with_difference

BUNDLED_FOLDER = Path(__file__).parents[1] / "saved" / "pretrained"
"""Folder of the bundled checkpoints."""
FORMAT_VERSION = 2
MIGRATIONS: dict[int, Callable[[dict[str, Any]], None]] = {1: lambda content: None}
"""Functions that change a content of a format, in place, into one of the next format. 1 is the first that was ever
written; 2 may have weights in 8 bits and their "scales"."""
NEEDED = ("config", "facts", "model")
"""Entries of every checkpoint; those that a run can be resumed from have "training" too."""

COUNTS = ("epoch", "batch", "step", "processes")
"""Counters in the training state, where it has them."""

FACTS = {
    "corpus": str,
    "alphabet": str,
    "std": list,
    "mean_points_per_char": float,
    "points_per_char": float,
    "points_per_line": int,
    "chars_per_line": int,
}
"""Types of the facts of a checkpoint's data, see data_loader.data_loaders."""
MAX_FACT = 1e6
"""Limit of a std or a number of points or characters; beyond it writing would not end."""


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write `content` (plain data and tensors) to `path`, in place of an older one only when complete.

    Raises InputError where the disk is full.
    """
    try:
        with atomic_path(path) as scratch, open(scratch, "wb") as file:
            torch.save({"format_version": FORMAT_VERSION, **content, "version": version()}, file)
    except (OSError, RuntimeError) as error:
        reason = error if isinstance(error, OSError) else error.__context__  # torch says that closing failed too
        if not isinstance(reason, OSError):
            raise
        raise InputError(f"cannot write {path}: {reason.strerror}") from None


def save_with_facts(source: Path, target: Path, facts: dict[str, Any]) -> None:
    """Save a checkpoint with some facts in place of its own; all else of it stays as it is, 8-bit weights too.

    Raises InputError where the disk is full.
    """
    content = read_plain(source)
    save_checkpoint(target, {**content, "facts": {**content["facts"], **facts}})


def load_checkpoint(path: Path, base: Path | None = None) -> dict[str, Any]:
    """Return the content of a checkpoint of this or an older format, on the CPU; weights in 8 bits become float32.

    Of a checkpoint that holds a difference alone, see `save_difference`, the weights are those of its base so changed:
    the checkpoint `base`, or the file of the base's name next to it or among the bundled ones.

    Raises InputError where there is none, it is damaged, holds anything but plain data, or is of an unknown format, and
    where the base is another.
    """
    try:
        content = read_plain(path)
    except FileNotFoundError:
        of_a_run = path.name in ("best.pt", "last.pt")
        others = [*path.parent.glob("*.pt"), *path.parent.glob("*/*.pt")] if of_a_run else []
        kept = sorted(str(other.relative_to(path.parent)) for other in others)
        hint = (
            f"; its folder has {', '.join(kept[-5:])}" if kept else near_name(path) or "; runs are in saved/models/NAME"
        )
        raise InputError(f"{path}: no such checkpoint{hint}") from None
    except RefusedError as error:
        raise InputError(f"{path}: refused: {error}") from None
    except Exception as error:  # a damaged file may make its reader raise anything
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"{path}: damaged or not a checkpoint ({reason})") from None
    if not isinstance(content, dict) or type(content.get("format_version")) is not int:
        raise InputError(f"{path}: not a checkpoint of this project")
    _migrate(content, path)
    wanted = [*NEEDED, "training"] if "training" in content else NEEDED
    missing = [key for key in wanted if not isinstance(content.get(key), dict)]
    if missing or not all(isinstance(weight, torch.Tensor) for weight in content["model"].values()):
        raise InputError(f"{path}: not a whole checkpoint: it has no {', '.join(missing) or 'weights'}")
    scales = content.pop("scales", {})
    if not isinstance(scales, dict) or not all(isinstance(scale, torch.Tensor) for scale in scales.values()):
        raise InputError(f"{path}: not a whole checkpoint: its scales are no tensors")
    try:
        content["model"] = widened(content["model"], scales)
    except ValueError as error:
        raise InputError(f"{path}: not a whole checkpoint: {error}") from None
    if "base" in content:
        content["model"] = _of_base(content, path, base)
        del content["base"]  # these weights are whole: saved again, they are no difference
    counts = {name: content.get("training", {}).get(name, 1) for name in COUNTS}
    odd = [name for name, count in counts.items() if type(count) is not int or not 0 <= count < 1 << 53]
    if odd:
        raise InputError(f"{path}: not a whole checkpoint: its {', '.join(odd)} cannot be counted")
    return content


def save_difference(path: Path, content: dict[str, Any], base: Path, axes: Axes, share: float = 1.0) -> None:
    """Save a checkpoint as a share of its difference from the checkpoint `base`, which it names by its file's hash.

    A character that the base has not is a difference from zero in the weights of `axes`, see `in_alphabet`, and saved
    whole; each adds one to the rank of a difference, so that it takes nothing from the others.

    Raises InputError where the two are not of the same weights, or the disk is full.
    """
    weights, origin, alphabet = content["model"], load_checkpoint(base), content["facts"]["alphabet"]
    old = origin["facts"]["alphabet"]
    start = in_alphabet(origin["model"], axes, old, alphabet)
    if {name: weight.shape for name, weight in weights.items()} != {name: own.shape for name, own in start.items()}:
        raise InputError(f"{base}: its weights are of other shapes; a difference is to the network that one began from")
    named = {"name": base.name, "sha256": file_hash(base), "axes": {name: [*axis] for name, axis in axes.items()}}
    begun = with_alphabet(origin["model"], weights, axes, old, alphabet)
    shared = {name: torch.lerp(begun[name].float(), weight.float(), share) for name, weight in weights.items()}
    changed = difference(shared, start, RANK + len({*alphabet} - {*old}))
    save_checkpoint(path, {**content, "model": changed, "base": named})


def _of_base(content: dict[str, Any], path: Path, base: Path | None) -> dict[str, torch.Tensor]:
    """Return the weights of a checkpoint that holds its difference from a base; see `load_checkpoint`."""
    named = content["base"]
    if not isinstance(named, dict) or list(map(type, map(named.get, ("name", "sha256")))) != [str, str]:
        raise InputError(f"{path}: not a whole checkpoint: it does not name its base")
    places = [base] if base else [folder / Path(named["name"]).name for folder in (path.parent, BUNDLED_FOLDER)]
    place = next((place for place in places if place.is_file()), None)
    if place is None or file_hash(place) != named["sha256"]:
        state = "is not there" if place is None else f"is not {place}, which is another network"
        raise InputError(
            f"{path}: holds what was changed in {named['name']} (sha256 {named['sha256'][:12]}...), and that {state}; "
            "put that file next to it, or learn anew from the network that you have"
        )
    try:
        origin, axes = load_checkpoint(place), named.get("axes", {})
        start = in_alphabet(origin["model"], axes, origin["facts"]["alphabet"], content["facts"]["alphabet"])
        return with_difference(start, content["model"])
    except Exception as error:  # a damaged file may make its axes or parts raise anything
        raise InputError(f"{path}: not a whole checkpoint: {error}") from None


def _migrate(content: dict[str, Any], path: Path) -> None:
    """Bring an older content up to FORMAT_VERSION, step by step.

    Raises InputError naming a format that is unknown here.
    """
    version = content["format_version"]
    if version > FORMAT_VERSION:
        raise InputError(
            f"{path}: written by a newer version (its format is {version}, this one reads up to {FORMAT_VERSION}); "
            "update this project"
        )
    while content["format_version"] < FORMAT_VERSION:
        if content["format_version"] not in MIGRATIONS:
            raise InputError(f"{path}: its format is {version}, and no such format has ever been written")
        MIGRATIONS[content["format_version"]](content)
        content["format_version"] += 1


def require_facts(facts: dict[str, Any], path: Path) -> None:
    """Raise InputError unless a checkpoint's facts of its data are whole, and numbers that data can have."""
    wrong = [name for name, kind in FACTS.items() if type(facts.get(name)) is not kind]
    numbers = {name: [facts[name]] for name, kind in FACTS.items() if name not in wrong and kind in (int, float)}
    if "std" not in wrong:
        numbers["std"] = facts["std"]
        wrong += ["a std of two numbers"] if list(map(type, facts["std"])) != [float, float] else []
    if wrong:
        raise InputError(f"{path}: not a whole checkpoint: its facts lack {', '.join(wrong)}")
    odd = [f"{name} is {value}" for name, some in numbers.items() for value in some if not 0 < value < MAX_FACT]
    if facts["alphabet"] != "".join(sorted(set(facts["alphabet"]))):
        odd.append("alphabet is not in order")
    if odd:
        raise InputError(f"{path}: not a whole checkpoint: its {odd[0]}; numbers are above 0 and below {MAX_FACT:g}")


def require_form(saved: Any, own: Any, place: str = "training") -> None:
    """Raise ValueError where an entry of a saved state has not the form of the run's own.

    Numbers and texts must be of the same type, tensors of the same shape and type; an integer may be negative only
    where the run's own is. Entries of one state alone are not compared: a run that averages its weights has more.
    """
    if own is None or (saved is None and isinstance(own, dict)):
        return
    if isinstance(own, torch.Tensor):
        fits = isinstance(saved, torch.Tensor) and saved.shape == own.shape and saved.dtype == own.dtype
    elif isinstance(own, list | tuple):
        fits = isinstance(saved, list | tuple)
    elif isinstance(own, float):
        fits = type(saved) in (int, float)
    else:
        fits = isinstance(saved, dict) if isinstance(own, dict) else type(saved) is type(own)
        fits = fits and not (type(own) is int and saved < min(own, 0))
    if not fits:
        raise ValueError(f"the checkpoint's training state is not whole: {place} is not what it should be")
    pairs = [(key, saved[key], own[key]) for key in own if key in saved] if isinstance(own, dict) else []
    pairs += list(zip(range(len(own)), saved, own, strict=False)) if isinstance(own, list | tuple) else []
    for key, part, own_part in pairs:
        require_form(part, own_part, f"{place}.{key}")


def require_own_state(optimizer: torch.optim.Optimizer) -> None:
    """Raise ValueError unless a loaded optimizer's state fits its weights, with the same entries within a group."""
    groups = {weight: i for i, group in enumerate(optimizer.param_groups) for weight in group["params"]}
    kinds, fits = set(), True
    for weight, kept in optimizer.state.items():
        tensors = [value for value in kept.values() if isinstance(value, torch.Tensor)]
        fits &= weight in groups and all(value.shape in ((), weight.shape) for value in tensors)
        kinds.add((groups.get(weight), *sorted((name, type(value).__name__) for name, value in kept.items())))
    if not fits or len(kinds) > len({kind[0] for kind in kinds}):
        raise ValueError("the checkpoint's training state is not whole: its optimizer is one of other weights")


Archs = tuple[dict[str, Any], dict[str, Any]]
"""The section `arch` of a checkpoint's config, and of the config that a network was made with."""


def load_weights(
    model: torch.nn.Module, weights: dict[str, torch.Tensor], path: Path, archs: Archs | None = None
) -> None:
    """Put `weights` into the model.

    Raises InputError naming the first weights that do not fit, and where `archs` differ.
    """
    own = model.state_dict()
    faults = [f"has no {name}" for name in own if name not in weights]
    faults += [f"has {name}, which the model has not" for name in weights if name not in own]
    faults += [
        f"has {name} of {tuple(weights[name].shape)}, the model's is of {tuple(own[name].shape)}"
        for name in own
        if name in weights and weights[name].shape != own[name].shape
    ]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        remedy = (_differing(*archs) if archs else "") or "use the config it was made with"
        raise InputError(f"{path}: weights of another model: it {faults[0]}{more}; {remedy}")
    model.load_state_dict(weights)


def _differing(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Describe the differences between two archs, both values of each; "" if there is none."""
    olds, news = ({"type": arch.get("type"), **arch.get("args", {})} for arch in (old, new))
    names = [name for name in olds | news if olds.get(name) != news.get(name)]
    values = (f"{name} {shown(olds.get(name, 'default'))}, {shown(news.get(name, 'default'))}" for name in names)
    return f"the checkpoint's arch and the config's differ: {'; '.join(values)}" if names else ""


def load_shared_parts(
    model: torch.nn.Module, weights: dict[str, torch.Tensor], path: Path, archs: Archs | None = None
) -> list[str]:
    """Put `weights` into the model except for the parts that only one of them has, and return those parts.

    A part is a module of the model, or a module of such a module: a recognizer's decoder, which is trained on top of
    a trained encoder, or a stack's attention. Parts that both have must fit.

    Raises InputError where no part is shared, or one does not fit.
    """
    own = model.state_dict()
    parts = [{_part(name) for name in names} for names in (own, weights)]
    shared = parts[0] & parts[1]
    if not shared:
        raise InputError(f"{path}: weights of another model: it has none of {', '.join(sorted(parts[0]))}")
    fresh = {name: weight for name, weight in own.items() if _part(name) not in shared}
    known = {name: weight for name, weight in weights.items() if _part(name) in shared}
    load_weights(model, known | fresh, path, archs)
    return sorted(parts[0] ^ parts[1])


def _part(name: str) -> str:
    return ".".join(name.split(".")[:-1][:2])
