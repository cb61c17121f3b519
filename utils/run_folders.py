"""The folders of runs: the checkpoint that one names, and a config that names none of them."""

from pathlib import Path
from typing import Any


def newest_run(path: Path, name: str = "best.pt") -> Path:
    """Return the run in a folder of runs whose checkpoint `name` is the newest; `path` where it is no such folder."""
    checkpoints = [] if (path / name).exists() else list(path.glob(f"*/{name}"))
    return max(checkpoints, key=lambda file: file.stat().st_mtime).parent if checkpoints else path


def checkpoint_of(path: Path, name: str) -> Path:
    """Return the checkpoint `path`, or the checkpoint `name` of the run `path` or of the newest run in `path`."""
    path = newest_run(path, name)
    return path / name if path.is_dir() else path


def without_folders(config: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a checkpoint for other people: the same without the folders of this machine."""
    args, base = config["data_loader"]["args"], config.get("init_from")
    return {
        **config,
        **({"init_from": Path(base).name} if base else {}),
        "trainer": {key: value for key, value in config["trainer"].items() if key != "save_dir"},
        "data_loader": {**config["data_loader"], "args": {**args, "data_dir": "data"}},
    }
