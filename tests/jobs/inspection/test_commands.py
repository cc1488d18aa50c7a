"""``./sis show`` and ``./sis why``, on jobs set up by the embedded engine, and on what Sisyphus would have saved."""

from __future__ import annotations

import gzip
import os
import pathlib
import pickle
import subprocess
import sys
import tarfile
import types
from typing import Any

import pytest

from jobs.commands import COMMANDS
from jobs.inspection.saved_job import InspectionError, SavedJob
from jobs.training import TrainingJob
from localsis import command_line, settings
from localsis.job_directory import link
from localsis.paths import Path
from recipe import nn

from ..examples import CountJob

PROJECT = pathlib.Path(__file__).resolve().parents[3]


class Model(nn.Module):
    """A linear layer over data of a size that a job gives."""

    def __init__(self, count: CountJob, dim: int, dropout: float):
        super().__init__()
        self.labels = nn.Dim(count.out_size, "labels")
        self.data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=self.labels)
        self.readout = nn.Linear(nn.Dim(dim, "readout"))
        self.dropout = dropout

    def forward(self) -> None:
        """Its sum is the loss."""
        y = self.readout(nn.get_extern_data(self.data))
        nn.reduce_sum(nn.dropout(y, self.dropout)).mark_as_loss("sum")


def training(
    *, size: int = 7, dim: int = 3, dropout: float = 0.0, rate: float = 0.1, alias: str | None = None, **unhashed: Any
) -> TrainingJob:
    """A training, with its directory."""
    count = CountJob(size)
    count._sis_setup_directory()
    data = {"class": "HDFDataset", "files": [Path("train.hdf")], "partition_epoch": 2}
    job = TrainingJob(
        nn.Network(Model(count, dim, dropout)), data, data, config={"learning_rate": rate, "batch_size": 9}, **unhashed
    )
    job._sis_setup_directory()
    if alias is not None:
        link(job._sis_path(), os.path.join(settings.BASE_DIR, "alias", alias))
    return job


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints.

    :raises AssertionError: if it fails
    """
    status = command_line.run(arguments, COMMANDS)
    text = capsys.readouterr()
    assert status == 0, text.err
    return text.out


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    job = training(alias="exp/training", device="gpu")
    config = pathlib.Path(job._sis_path("output", "returnn.config"))
    config.write_text("#!returnn\nbatch_size = 9\n")
    usage = "{'host': 'node3', 'used_time': 0.5, 'max': {'rss': 1.5}}"
    pathlib.Path(job._sis_path("usage.run.1")).write_text(usage)
    lines = run("show", job.job_id(), capsys=capsys).splitlines()
    for line in (
        job.job_id(),
        "  run: 30 min 0 s, 1.50 GB of memory, on node3",
        "  class: jobs.training.TrainingJob",
        f"  directory: work/{job.job_id()}",
        "  alias: exp/training",
        "  state: set up, not started",
        f"  {CountJob(7).job_id()}/output/size",
        "    partition_epoch: 2",
        "    files: [train.hdf]",
        "    learning_rate: 0.1",
        "  device: 'gpu'",
        f"  {job.job_id()}/output/learning_rates (not there)",
        f"  {job.job_id()}/output/returnn.config",
        f"  input data: [batch, time] int32, labels labels=<{CountJob(7).job_id()}/output/size>",
        "  loss sum: reduce_sum, scale 1",
        f"  value given by a job: <{CountJob(7).job_id()}/output/size>",
        "  parameter readout/b: [readout=3] init 0",
        "  layers: 1 linear, 1 reduce, 2 variable",
        f"work/{job.job_id()}/output/returnn.config:",
        "  batch_size = 9",
    ):
        assert line in lines
    assert lines.index("arguments that are not hashed:") < lines.index("  device: 'gpu'")


@pytest.mark.parametrize(
    ("files", "state"),
    [
        (["log.run.1", "finished.run.1", "finished"], "finished"),
        (["log.run.1", "error.run.1"], "failed, see work/{}/log.run.1"),
        (["log.run.1", "log.run.1.before_2"], "started, not finished, see work/{}/log.run.1"),
        (["log.run.1.before_2", "log.run.1.error.01"], "set up, not started"),
    ],
)
def test_state(files: list[str], state: str, capsys: pytest.CaptureFixture[str]) -> None:
    job = training()
    for name in files:
        pathlib.Path(job._sis_path(name)).touch()
    assert f"  state: {state.format(job.job_id())}\n" in run("show", job.job_id(), capsys=capsys)


def test_why_says_what_differs_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    left, right = training(alias="a"), training(rate=0.2, dropout=0.1, alias="b", num_epochs=5)
    text = run("why", "a", "b", capsys=capsys)
    source = "test_commands.py"
    lines = [line for line in text.splitlines() if source not in line]
    assert lines == [
        f"- {left.job_id()}",
        f"+ {right.job_id()}",
        "  from: readout -> dropout",
        "  dropout, dropout 0.1, from readout",
        "config/learning_rate: 0.1 -> 0.2",
        "not hashed:",
        "  num_epochs: 1 -> 5",
    ]
    about = [line.partition(" (")[0] for line in text.splitlines() if source in line]
    assert about == ["network: reduce_sum", "network: + dropout"]


def test_why_names_the_jobs_behind_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    training(size=7, alias="a")
    training(size=8, alias="b")
    text = run("why", "a", "b", capsys=capsys)
    one, other = CountJob(7).job_id(), CountJob(8).job_id()
    assert f"  labels/size: <{one}/output/size> -> <{other}/output/size>" in text
    last = text.splitlines()[-1]
    assert last == f"in what these inputs differ: ./sis why {one} {other}"
    assert run("why", *last.split()[-2:], capsys=capsys).splitlines()[2:] == ["size: 7 -> 8"]


def test_why_of_equal_and_of_different_classes(capsys: pytest.CaptureFixture[str]) -> None:
    job = training(alias="a")
    assert "these are one job" in run("why", "a", job.job_id(), capsys=capsys)
    text = run("why", "a", CountJob(7).job_id(), capsys=capsys)
    assert text.splitlines()[2:] == ["class: jobs.training.TrainingJob -> tests.jobs.examples.CountJob"]


def test_why_of_equal_arguments(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as before and after a change of the code."""
    job = training()
    other = f"{job.job_id()[:-4]}zzzz"
    pathlib.Path(job._sis_path()).rename(setup / "work" / other)
    training()
    assert "all arguments are equal: the code" in run("why", job.job_id(), other, capsys=capsys)


@pytest.mark.parametrize("how", ["id", "work", "directory", "inside", "hash", "class", "alias", "alias_path", "output"])
def test_names_of_a_job(how: str, setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = training(alias="exp/training")
    job_id = job.job_id()
    checkpoint = pathlib.Path(job.out_checkpoints[1].path.get_path())
    checkpoint.touch()
    link(str(checkpoint), str(setup / "output" / "exp" / "model"))
    name = {
        "id": job_id,
        "work": f"work/{job_id}/",
        "directory": str(setup / "work" / job_id),
        "inside": f"work/{job_id}/output/models",
        "hash": job_id.rpartition(".")[2][:5],
        "class": f"TrainingJob.{job_id.rpartition('.')[2][:5]}",
        "alias": "exp/training",
        "alias_path": "alias/exp/training",
        "output": "output/exp/model",
    }[how]
    assert run("show", name, capsys=capsys).splitlines()[0] == job_id


def test_unknown_and_ambiguous_names(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = sorted(training(rate=rate).job_id() for rate in (0.1, 0.2))
    assert command_line.run(["show", "nothing"], COMMANDS) == 1
    assert "there is no job 'nothing' in work/" in capsys.readouterr().err
    assert command_line.run(["why", jobs[0], "TrainingJob"], COMMANDS) == 1
    message = capsys.readouterr().err
    assert "may be one of 2 jobs" in message and all(f"\n  {job_id}" in message for job_id in jobs)
    assert command_line.run(["show", f"{jobs[0][:-3]}xyz"], COMMANDS) == 1
    assert f"There is:\n  {jobs[0]}" in capsys.readouterr().err


def test_damaged_and_missing_job_save(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = training()
    saved = pathlib.Path(job._sis_path("job.save"))
    saved.write_bytes(saved.read_bytes()[:50])
    assert command_line.run(["show", job.job_id()], COMMANDS) == 1
    assert "cannot be read" in capsys.readouterr().err
    saved.unlink()
    pathlib.Path(job._sis_path("finished")).touch()
    assert command_line.run(["show", job.job_id()], COMMANDS) == 1
    assert "no job.save" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["show"], ["why", "a"], ["show", "a", "b"], ["show", "--all", "a"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.run(arguments, COMMANDS) == 2
    assert f"usage: ./sis {arguments[0]} [-h] " in capsys.readouterr().err


def test_forms_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    job = training()
    forms = json.loads(run("show", "--form", job.job_id(), capsys=capsys))
    assert forms == {"network": job.network.canonical_form()}


def test_staged_networks(capsys: pytest.CaptureFixture[str]) -> None:
    def staged(dropout: float) -> CountJob:
        model = Model(CountJob(7), 3, 0.0)
        first, model.dropout = nn.Network(model), dropout
        job = CountJob(nn.StagedNetwork({1: first, 4: nn.Network(model)}))  # type: ignore[arg-type]
        job._sis_setup_directory()
        return job

    CountJob(7)._sis_setup_directory()
    left, right = staged(0.1), staged(0.2)
    lines = run("show", left.job_id(), capsys=capsys).splitlines()
    assert "size/stages/1:" in lines and "size/stages/4:" in lines
    text = run("why", left.job_id(), right.job_id(), capsys=capsys)
    assert "size/stages/4: dropout" in text and "  dropout: 0.1 -> 0.2" in text


def test_jobs_cleaned_up_by_sisyphus_are_read_from_their_archive(capsys: pytest.CaptureFixture[str]) -> None:
    job = training()
    with tarfile.open(job._sis_path("finished.tar.gz"), "w:gz") as tar:
        tar.add(job._sis_path("job.save"), "job.save")
    os.remove(job._sis_path("job.save"))
    text = run("show", job.job_id(), capsys=capsys)
    assert "  state: finished\n" in text and "learning_rate: 0.1" in text


def _as_sisyphus_saves(job_id: str, arguments: dict[str, Any], asked: dict[str, Any]) -> bytes:
    """A pickle as Sisyphus makes it, of a job whose class is nowhere to be found when it is read."""

    def class_in(module: str, name: str, **members: Any) -> type:
        sys.modules[module] = types.ModuleType(module)
        cls = type(name, (), {"__module__": module, "__qualname__": name, **members})
        setattr(sys.modules[module], name, cls)
        return cls

    path_class = class_in("sisyphus.job_path", "Path")
    job_class = class_in("jobs.gone", "GoneJob", __new__=lambda cls, *_: object.__new__(cls))
    job_class.__getnewargs__ = lambda self: (job_id,)  # type: ignore[attr-defined]

    def path(text: str, overwrite: tuple[None, str] | None = None) -> Any:
        value = path_class()
        vars(value).update({"path": text, "creator": None, "_hash_overwrite": overwrite, "cached": False})
        return value

    job = job_class()
    kwargs = {
        **arguments,
        "corpus": path("/data/corpus", (None, "CORPUS")),
        "input": path("/old/work/jobs/a.b/output/x"),
    }
    vars(job).update(
        {
            "_sis_id_cache": job_id,
            "_sis_kwargs": kwargs,
            "_sis_asked": asked,
            "_sis_inputs": {kwargs["corpus"], kwargs["input"]},
            "_sis_outputs": {"out": path(f"/old/work/{job_id}/output/out")},
        }
    )
    data = pickle.dumps(job)
    for module in ("sisyphus.job_path", "jobs.gone"):
        del sys.modules[module]
    return data


def test_job_that_sisyphus_saved_and_whose_class_is_gone(
    setup: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = ["jobs/gone/GoneJob.AAAAAAAAAAAA", "jobs/gone/GoneJob.BBBBBBBBBBBB"]
    network = nn.Network(Model(CountJob(7), 3, 0.0))
    for job_id, number in zip(ids, (1, 2)):
        directory = setup / "work" / job_id
        directory.mkdir(parents=True)
        saved = _as_sisyphus_saves(job_id, {"number": number, "net": network}, {"device": ("cpu", "configs/a.py:1")})
        (directory / "job.save").write_bytes(gzip.compress(saved))
    lines = run("show", "GoneJob.A", capsys=capsys).splitlines()
    assert "  corpus: /data/corpus (hashed as CORPUS)" in lines
    assert "  input: jobs/a.b/output/x" in lines and "  device: 'cpu'" in lines
    assert "  parameter readout/b: [readout=3] init 0" in lines
    assert run("why", *ids, capsys=capsys).splitlines()[2:] == ["number: 1 -> 2"]


def test_reading_runs_no_code(setup: pathlib.Path) -> None:
    class Malicious:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {setup}/was_run",)

    directory = setup / "work" / "jobs" / "x.y"
    directory.mkdir(parents=True)
    (directory / "job.save").write_bytes(gzip.compress(pickle.dumps(Malicious())))
    job = SavedJob("jobs/x.y", str(directory))
    assert not (setup / "was_run").exists() and job.class_name.endswith("system")
    (directory / "job.save").write_bytes(gzip.compress(pickle.dumps([1])))
    with pytest.raises(InspectionError, match="is no job"):
        SavedJob("jobs/x.y", str(directory))


def test_program_needs_no_engine_and_no_config(setup: pathlib.Path) -> None:
    """``./sis show`` as a user runs it, with another project called sisyphus in the way."""
    job = training()
    for name in ("recipe", "jobs", "localsis", "settings.py", "sis"):
        (setup / name).symlink_to(PROJECT / name)
    (setup / "site" / "sisyphus").mkdir(parents=True)
    (setup / "site" / "sisyphus" / "__init__.py").write_text("raise RuntimeError('must never be imported')")
    environment = {**os.environ, "SIS_PYTHON": sys.executable, "PYTHONPATH": str(setup / "site")}
    command = [sys.executable, "sis", "show", job.job_id()]
    output = subprocess.run(command, cwd=setup, env=environment, capture_output=True, text=True)
    assert output.returncode == 0 and output.stdout.startswith(job.job_id()), output.stderr
