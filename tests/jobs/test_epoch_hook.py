"""The hook ``when_epoch_ends``: by the engine with a real manager and worker, and what goes wrong in it."""

from __future__ import annotations

import pathlib

import pytest

from jobs.atomic_file import write_json
from jobs.epoch_hook import EpochHook
from jobs.learning_curves import curves_json
from jobs.learning_rates import EpochData

from .played_returnn import play_returnn
from .setup_directory import PROJECT, make_setup, run_manager

RETURNN = """
import re, sys, time

config = open(sys.argv[1]).read()


def option(name):
    return re.search(rf'^{name} = "?([^"\\n]+)"?$', config, re.MULTILINE)[1]


for epoch in range(1, int(option("num_epochs")) + 1):
    for ending in (".data-00000-of-00001", ".index", ".meta"):
        open(f"{option('model')}.{epoch:03d}{ending}", "w").close()
entries = "".join(
    f"{epoch}: EpochData(learningRate=0.1, error={{'dev_score': {1 / epoch}}}),\\n"
    for epoch in range(1, int(option("num_epochs")) + 1)
)
open(option("learning_rate_file"), "w").write("{" + entries + "}")
"""

HOOK = """

def when_epoch_ends(job, epoch, file):
    import json
    with open(f"{file}.told", "a") as told:
        print(job, epoch, json.load(open(file))[str(epoch)]["scores"], file=told)
    if epoch == 2 and open(f"{file}.told").read().count(" 2 {") < 2:
        raise OSError("the server does not answer")
"""


def test_the_engine_calls_it(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each epoch, also if the training goes on; again for one at which it failed."""
    setup = make_setup(tmp_path / "setup")
    (setup / "settings.py").unlink()
    (setup / "settings.py").write_text((PROJECT / "settings.py").read_text() + HOOK)
    monkeypatch.setenv("PYTHONPATH", str(play_returnn(tmp_path / "played", RETURNN)))
    run_manager(setup, "configs/tiny.training(3)")
    (told,) = setup.glob("work/jobs/training/TrainingJob.*/output/learning_curves.json.told")
    lines = [line.partition(" ")[2] for line in told.read_text().splitlines()]
    assert lines == ["1 {'dev_score': 1.0}", *["2 {'dev_score': 0.5}"] * 2, "3 {'dev_score': 0.3333333333333333}"]
    log = (told.parents[1] / "log.run.1").read_text()
    assert log.count("when_epoch_ends of settings.py, epoch 2: ") == 1 and "the server does not answer" in log
    run_manager(setup, "configs/tiny.training(4)")
    names, epochs = zip(*(line.split()[:2] for line in told.read_text().splitlines()[4:]))
    assert epochs == ("4",) and names == (f"jobs/training/{told.parents[1].name}",)


def test_while_it_trains(tmp_path: pathlib.Path) -> None:
    """An epoch ends with its scores of the development data, or with the next one."""
    curves = tmp_path / "learning_curves.json"
    told: list[int] = []
    hook = EpochHook(lambda job, epoch, file: told.append(epoch), "job", str(curves))
    hook()
    for scores, expected in (
        ([["train_score"]], []),
        ([["train_score", "dev_score"]], [1]),
        ([["train_score", "dev_score"], ["train_score"]], [1]),
        ([["train_score", "dev_score"], ["train_score"], ["train_score"]], [1, 2]),
    ):
        epochs = {epoch: EpochData(0.1, dict.fromkeys(keys, 1.0), {}) for epoch, keys in enumerate(scores, 1)}
        write_json(str(curves), curves_json(epochs))
        hook()
        assert told == expected
    hook.end()
    hook.end()
    assert told == [1, 2, 3]
    EpochHook(lambda job, epoch, file: told.append(epoch), "job", str(curves)).end()
    assert told == [1, 2, 3], "also in the next start of the task"
