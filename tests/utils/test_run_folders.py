"""The newest of a folder of runs."""

import os
from pathlib import Path

from utils.run_folders import newest_run


def test_in_a_folder_of_runs_the_newest_counts_that_has_the_checkpoint(tmp_path: Path) -> None:
    for age, run in enumerate(["new", "old"]):
        (tmp_path / run).mkdir()
        (tmp_path / run / "last.pt").touch()
        os.utime(tmp_path / run / "last.pt", (1000 - age, 1000 - age))
    assert newest_run(tmp_path, "last.pt") == tmp_path / "new"
    assert newest_run(tmp_path, "best.pt") == tmp_path
    assert newest_run(tmp_path / "old", "last.pt") == tmp_path / "old"
