"""The whole chain, data to scores, with real RETURNN; and what is left of it after kills and damage."""

from __future__ import annotations

import json
import os
import pathlib
import signal

import pytest

from recipe.data.cmudict import LETTERS, PHONES
from recipe.data.hdf import LabelStream, write_label_hdf

from .kill_runs import Moment, differences, run_with_kills
from .setup_directory import make_setup, processes_with, run_manager, start_manager, training_directory, wait_for

pytestmark = pytest.mark.xdist_group("chain")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A setup whose chain ran through."""
    setup = make_setup(tmp_path_factory.mktemp("chain") / "undisturbed")
    text = run_manager(setup)
    assert "next: a larger model\n" in text and "  per " in text and "all outputs are there" in text
    return setup


def test_outputs(undisturbed: pathlib.Path) -> None:
    lines = (undisturbed / "output" / "hypotheses.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert len(entries) == 14
    assert entries[0]["seq_tag"] == "abbey"
    for entry in entries:
        scores = [hypothesis["score"] for hypothesis in entry["hypotheses"]]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
    report = (undisturbed / "output" / "report.txt").read_text()
    assert "of 14 words" in report and "worst words" in report
    assert float((undisturbed / "output" / "per").read_text()) > 0


def test_second_start_does_nothing_and_prints_the_summary(undisturbed: pathlib.Path) -> None:
    training = training_directory(undisturbed)
    assert training is not None
    before = (training / "output" / "returnn.log").stat().st_mtime_ns
    (undisturbed / "manager.log").unlink()
    assert "  per " in run_manager(undisturbed)
    assert (training / "output" / "returnn.log").stat().st_mtime_ns == before


def _first_epoch_is_there(setup: pathlib.Path) -> bool:
    training = training_directory(setup)
    return training is not None and (training / "output" / "models" / "epoch.001.meta").exists()


def test_killed_five_times_and_continued(undisturbed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Manager, worker, RETURNN and all together, also while a checkpoint is being written; with Adam and dropout."""
    setup = make_setup(tmp_path / "it's killed $(touch executed)")
    moments = [
        Moment("manager", "epoch", 1),
        Moment("returnn", "scores", 1),
        Moment("task", "checkpoint", 2),
        Moment("returnn", "rates", 3),
        Moment("all", "search", 3, 1.0),
    ]
    lines = run_with_kills(setup, moments, "configs/tiny.adam")
    assert len(lines) == 5
    assert differences(setup, undisturbed) == []
    assert not any(tmp_path.rglob("executed"))


def test_killed_and_continued_on_pytorch(tmp_path: pathlib.Path) -> None:
    """As above, trained and searched by PyTorch."""
    pytest.importorskip("torch", reason="trains with PyTorch")
    undisturbed, setup = make_setup(tmp_path / "undisturbed"), make_setup(tmp_path / "killed")
    run_manager(undisturbed, "configs/tiny.torch")
    moments = [
        Moment("returnn", "checkpoint", 1),
        Moment("all", "scores", 2),
        Moment("task", "rates", 2),
        Moment("returnn", "state", 3),
        Moment("all", "search", 3, 1.0),
        Moment("returnn", "hypotheses", 3),
    ]
    lines = run_with_kills(setup, moments, "configs/tiny.torch")
    assert len(lines) >= 4, lines  # the last file is written within a moment
    assert differences(setup, undisturbed) == []


def test_damaged_checkpoint_and_learning_rates(undisturbed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """RETURNN stops at a newest checkpoint that was cut short; the job goes on from the one before."""
    setup = make_setup(tmp_path / "damaged")
    manager = start_manager(setup)
    wait_for(lambda: _first_epoch_is_there(setup))
    training = training_directory(setup)
    assert training is not None
    os.kill(manager.pid, signal.SIGINT)
    manager.wait(timeout=600)
    wait_for(lambda: not processes_with(str(training)))
    models = training / "output" / "models"
    newest = max(models.glob("epoch.*.data-00000-of-00001"))
    newest.write_bytes(newest.read_bytes()[:100])
    rates = training / "output" / "learning_rates"
    rates.write_text("{ 1: EpochData(learningRate=0.5, error={ 'dev_err")  # cut short, whether or not it was there
    run_manager(setup)
    assert [name for name in differences(setup, undisturbed) if not name.startswith("learning rate")] == []
    log = (training / "log.run.1").read_text()
    assert "cannot be read; it is removed" in log
    assert "learning-rate file is damaged" in log


@pytest.mark.usefixtures("warm_returnn_once")
def test_hostile_file_name_and_sequence_tags(undisturbed: pathlib.Path) -> None:
    tags = ["../../up", "$(touch executed)", "`touch executed`; #", 'it\'s "quoted"', "two\nlines", "a/b\\c", "%s {0}"]
    tags.append("__import__('os').system('touch executed')")
    name = 'it\'s "$(touch executed)" {0} %s.hdf'
    letters = [[LETTERS.labels.index(letter) for letter in "cab"]] * len(tags)
    phones = LabelStream([[0]] * len(tags), PHONES.labels)
    write_label_hdf(str(undisturbed / name), tags, LabelStream(letters, LETTERS.labels), {"classes": phones})
    run_manager(undisturbed, f"configs/tiny.search_in({name!r})")
    lines = (undisturbed / "output" / "found.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["seq_tag"] for line in lines) == sorted(tags)
    assert not any(undisturbed.parent.rglob("executed"))


@pytest.mark.usefixtures("warm_returnn_once")
def test_damaged_data(undisturbed: pathlib.Path) -> None:
    """Said, with nothing lost: what is mended goes on."""
    hdf = next((undisturbed / "work" / "jobs" / "lexicon").glob("*/output/lexicon.hdf"))
    content = hdf.read_bytes()
    hdf.write_bytes(content[: len(content) // 2])
    manager = start_manager(undisturbed, f"configs/tiny.search_in({str(hdf)!r})")
    assert manager.wait(timeout=600) == 1
    assert f"{hdf} cannot be read" in (undisturbed / "manager.log").read_text()
    hdf.write_bytes(content)
    run_manager(undisturbed, f"configs/tiny.search_in({str(hdf)!r})")


@pytest.mark.usefixtures("warm_returnn_once")
def test_more_epochs_go_on_with_the_same_training(undisturbed: pathlib.Path) -> None:
    text = run_manager(undisturbed, "configs/tiny.adam(4)")
    trainings = list((undisturbed / "work" / "jobs" / "training").glob("TrainingJob.*"))
    assert len(trainings) == 1, text
    assert (trainings[0] / "output" / "models" / "epoch.004.index").exists()
