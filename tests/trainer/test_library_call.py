"""Training called from Python: in a thread, with reports, samples and a stop from another thread or the callback."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from base.progress import Progress
from parse_config import ConfigParser
from tests.tiny import assert_same, logged, run_dirs
from tests.together import together
from trainer.run import Run, train
from utils import distributed
from utils.checkpoint import load_checkpoint, save_checkpoint
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]
EPOCHS, STEPS = 3, 5


def in_thread(work: Callable[[], Run]) -> Run:
    """Run a training in a thread of its own and return its outcome."""
    outcomes: list[Run] = []
    thread = threading.Thread(target=lambda: outcomes.append(work()))
    thread.start()
    thread.join(60)
    (outcome,) = outcomes
    return outcome


def assert_same_outcome(run: Run, whole: Run) -> None:
    assert run.numbers == whole.numbers
    assert_same(run.folder, whole.folder)


def test_a_training_in_a_thread_is_stopped_from_another_and_resumed_bit_for_bit(tiny: Tiny) -> None:
    config = tiny(arch__args__dropout=0.3, trainer__ema_decay=0.8, trainer__epochs=EPOCHS).resolved
    whole = train(config)
    stop, reached, handlers = threading.Event(), threading.Event(), signal.getsignal(signal.SIGTERM)

    def on_progress(report: Progress) -> None:
        if report.step == STEPS + 2:
            reached.set()
            assert stop.wait(30)  # the other thread stops the training while a step is reported

    stopper = threading.Thread(target=lambda: reached.wait(30) and stop.set())
    stopper.start()
    run = in_thread(lambda: train(config, on_progress=on_progress, should_stop=stop.is_set))
    stopper.join()
    assert run.stopped and not whole.stopped and signal.getsignal(signal.SIGTERM) is handlers
    assert load_checkpoint(run.folder / "last.pt")["training"]["step"] == STEPS + 2
    assert run.numbers["val_loss"] == next(line["val_loss"] for line in logged(whole.folder) if "epoch" in line)
    resumed = in_thread(lambda: train(resume=run.folder))
    assert resumed.folder == run.folder and not resumed.stopped
    assert_same_outcome(resumed, whole)


@pytest.mark.parametrize("arch", ["UnconditionalHandwriting", "ConditionalHandwriting"])
def test_reports_say_where_a_training_is_and_show_what_it_writes(tiny: Tiny, arch: str) -> None:
    reports: list[Progress] = []
    run = train(tiny(arch, trainer__epochs=EPOCHS, trainer__show_epochs=2), on_progress=reports.append)
    steps = [report for report in reports if "val_loss" not in report.numbers]
    epochs = [report for report in reports if "val_loss" in report.numbers]
    assert [report.step for report in steps] == list(range(1, EPOCHS * STEPS + 1))
    assert [(report.epoch, report.step) for report in epochs] == [(1, 5), (2, 10), (3, 15)]
    assert {(report.epochs, report.steps) for report in reports} == {(EPOCHS, EPOCHS * STEPS)}
    assert [report.loss for report in steps] == [line["loss"] for line in logged(run.folder) if "lr" in line]
    assert epochs[-1].numbers == run.numbers
    assert [report.done for report in steps] == [report.step / (EPOCHS * STEPS) for report in steps]
    seconds = [report.seconds for report in reports]
    assert seconds == sorted(seconds) and seconds[0] > 0
    for report in steps[:-1]:
        assert report.seconds_left == pytest.approx(report.seconds / report.step * (15 - report.step), rel=0.5)
    assert reports[-1].seconds_left == 0
    assert [len(report.samples) for report in epochs] == [0, 2, 0] and not any(report.samples for report in steps)
    for sample in epochs[1].samples:
        assert sample.points.shape[1] == 3 and len(sample.points) > 1
        assert bool(sample.text) == (arch == "ConditionalHandwriting")


def test_a_callback_can_stop_its_training_and_does_not_change_it(tiny: Tiny) -> None:
    config, steps = tiny(trainer__epochs=2), []
    whole = train(config)
    run = train(config, on_progress=lambda report: steps.append(report.step), should_stop=lambda: len(steps) >= 3)
    assert run.stopped and steps == [1, 2, 3] and run.numbers == {}
    assert_same_outcome(train(config, resume=run.folder / "last.pt"), whole)


def test_an_error_of_the_callback_is_the_callers(tiny: Tiny) -> None:
    def fails(report: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(tiny(), on_progress=fails)


def test_one_of_two_processes_stops_both(tiny: Tiny, tmp_path: Path) -> None:
    def work() -> Any:
        return train(tiny(data_loader__args__batch_size=2), should_stop=lambda: distributed.rank() == 1)

    assert [outcome.stopped for outcome in together(tmp_path, work)] == [True, True]
    (folder,) = run_dirs(tmp_path)
    assert load_checkpoint(folder / "last.pt")["training"]["step"] == 1


def test_without_config_and_run_to_resume_it_is_refused(tiny: Tiny) -> None:
    with pytest.raises(InputError, match="needs a config"):
        train()
    with pytest.raises(InputError, match="1 fault in the config"):
        train(tiny().resolved | {"seed": -1})


def test_a_run_goes_on_with_its_own_weights_alone(tiny: Tiny) -> None:
    run = train(tiny(trainer__epochs=1))
    with pytest.raises(InputError, match="give resume or init_from"):
        train(resume=run.folder, init_from=run.folder)
    content = load_checkpoint(run.folder / "best.pt")
    save_checkpoint(run.folder / "last.pt", {name: content[name] for name in ("config", "facts", "model")})
    with pytest.raises(InputError, match="holds weights alone"):
        train(tiny(trainer__epochs=2), resume=run.folder)
