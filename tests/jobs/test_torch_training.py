"""Trainings by RETURNN on PyTorch: what they leave, what jobs make of it, and that damage and kills change nothing."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs import returnn_process
from jobs.checkpoint import Checkpoint
from jobs.checkpoint_values import read_checkpoint
from jobs.convert_checkpoint import ConvertCheckpointJob
from jobs.export_model import ExportModelJob
from jobs.learning_curves_writer import LearningCurvesWriter
from jobs.lexicon import LexiconToHdfJob
from jobs.preload import Preload
from jobs.returnn_errors import ReturnnError
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, LETTERS, PHONES
from recipe.data.dataset import label_dataset

from .configs.tiny import tiny_model
from .setup_directory import LEXICON, processes_with, wait_for

pytestmark = [pytest.mark.xdist_group("chain"), pytest.mark.usefixtures("warm_returnn")]
pytest.importorskip("torch", reason="trains with PyTorch")

RunJob = Callable[[Any], Any]
OTHER_ID = {"batch_size": 999}
"""Makes another job of the same training: all batches have ``max_seqs``."""


@pytest.fixture
def training(tmp_path: pathlib.Path, run_job: RunJob) -> Callable[..., TrainingJob]:
    """Makes trainings of the tiny model with Adam and dropout."""
    (tmp_path / "lexicon.tsv").write_text(LEXICON)
    lexicon = tk.Path(str(tmp_path / "lexicon.tsv"))
    hdf = run_job(LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, end_label=END_LABEL)).out_hdf
    data = [label_dataset(hdf, seq_ordering=order) for order in ("laplace:.4", "sorted")]

    def make(*, network: Any = None, config: dict[str, Any] | None = None, **arguments: Any) -> TrainingJob:
        options = {"batch_size": 1000, "max_seqs": 4, "optimizer": {"class": "adam"}, "learning_rate": 0.02}
        return TrainingJob(
            network or nn.Network(tiny_model(dropout=0.2)),
            *data,
            engine="torch",
            config={**options, **(config or {})},
            cpu_rqmt=1,
            **arguments,
        )

    return make


@pytest.fixture(scope="module")
def bits() -> dict[int, dict[str, bytes]]:
    """Of the epochs of an undisturbed training, once one has been made."""
    return {}


@pytest.fixture
def undisturbed(
    bits: dict[int, dict[str, bytes]], training: Callable[..., TrainingJob], run_job: RunJob
) -> dict[int, dict[str, bytes]]:
    """All values of each epoch of a training that went through at once."""
    if not bits:
        job = run_job(training(num_epochs=3, config={"max_seqs": 4}))
        bits.update({epoch: parameters(job, epoch) for epoch in (1, 2, 3)})
    return bits


def parameters(job: TrainingJob, epoch: int) -> dict[str, bytes]:
    """The bits of all values of an epoch."""
    return {name: value.tobytes() for name, value in read_checkpoint(job.out_checkpoints[epoch]).items()}


def models(job: TrainingJob) -> pathlib.Path:
    return pathlib.Path(job.out_model_dir.get_path())


def test_training_and_what_jobs_make_of_it(training: Callable[..., TrainingJob], run_job: RunJob) -> None:
    job = training(num_epochs=4, keep_epochs={1})
    best, average = job.best_checkpoint("dev_score"), job.average_of_best("dev_score", 2)
    run_job(job)
    assert {path.name for path in models(job).glob("*")} >= {"epoch.001.pt", "epoch.004.pt", "epoch.004.opt.pt"}
    assert not list(models(job).glob("*.tmp_write"))
    values = read_checkpoint(job.out_checkpoints[4])
    network = nn.Network(tiny_model(dropout=0.2))
    assert {name: value.shape for name, value in values.items() if name != "global_step"} == {
        name: tuple(parameter.shape) for name, parameter in network.parameters.items()
    }
    assert values["global_step"] == 16 and job.out_num_params.get() == 1659
    scores = json.loads(pathlib.Path(job.out_learning_curves_json.get_path()).read_text())
    assert list(scores) == ["1", "2", "3", "4"] and "dev_loss_cross_entropy" in scores["4"]["scores"]
    info = job.info()
    assert info is not None and info.startswith("all 4 epochs done, dev_loss_") and job.completed_fraction() == 1.0
    chosen = run_job(best.path.creator)
    assert best.engine == "torch" and best.exists()
    assert chosen.out_score.get() == min(one["scores"]["dev_loss_cross_entropy"] for one in scores.values())
    run_job(job.best_checkpoint("dev_score", 1).path.creator)
    run_job(average.path.creator)
    assert read_checkpoint(average).keys() == values.keys()


def test_kept_epochs_and_more_of_them(
    training: Callable[..., TrainingJob], run_job: RunJob, undisturbed: dict[int, dict[str, bytes]]
) -> None:
    """The job goes on where it is asked for more, with the state that it ended with."""
    options: dict[str, Any] = {"keep_epochs": set(), "config": OTHER_ID}
    job = run_job(training(num_epochs=2, **options))
    assert {path.name for path in models(job).glob("*")} == {"epoch.002.pt", "epoch.002.opt.pt"}
    assert training(num_epochs=3, **options) is job
    run_job(job)
    assert parameters(job, 3) == undisturbed[3]


@pytest.mark.parametrize("damage", ["epoch.002.pt", "epoch.002.opt.pt", "flipped", "learning_rates"])
def test_damaged_files(
    damage: str,
    training: Callable[..., TrainingJob],
    run_job: RunJob,
    undisturbed: dict[int, dict[str, bytes]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It goes on from the checkpoint before, to the same end."""
    job = training(num_epochs=2, config=OTHER_ID)
    run_job(job)
    if damage == "flipped":
        path = models(job) / "epoch.002.pt"
        content = bytearray(path.read_bytes())
        content[content.index(read_checkpoint(job.out_checkpoints[2])["encoder/embedding/W"].tobytes()) + 1] ^= 1
        path.write_bytes(content)
    elif damage == "learning_rates":
        pathlib.Path(job.out_learning_rates.get_path()).write_text("{1: EpochData(learn")
    else:
        path = models(job) / damage
        path.write_bytes(path.read_bytes()[:700])
    training(num_epochs=3, config=OTHER_ID)
    run_job(job)
    said = "learning-rate file is damaged" if damage == "learning_rates" else "epoch 2 cannot be read; it is removed"
    assert said in capsys.readouterr().out
    assert [parameters(job, epoch) for epoch in (2, 3)] == [undisturbed[epoch] for epoch in (2, 3)]


def test_score_that_is_not_finite(training: Callable[..., TrainingJob], run_job: RunJob) -> None:
    job = training(num_epochs=3, config={"learning_rates": [0.01, 1e38, 1e38], "optimizer": {"class": "sgd"}})
    with pytest.raises(ReturnnError, match=r"became inf or nan in epoch 2, step \d: use a smaller learning rate"):
        run_job(job)
    assert job.out_checkpoints[1].path.available() and not job.out_checkpoints[3].path.available()


def test_preload_of_both_engines(training: Callable[..., TrainingJob], run_job: RunJob) -> None:
    """Of the other engine it is converted, with a name map it is renamed; only the first epoch reads it."""
    first = run_job(training(num_epochs=1))
    start = first.out_checkpoints[1]
    converted = run_job(ConvertCheckpointJob(start.path, "tensorflow")).out_checkpoint.of(start.network)
    encoder = Preload(converted, name_map={"encoder/": "encoder/"})
    for name, preload in (("all", Preload(start)), ("of TensorFlow", Preload(converted)), ("encoder", encoder)):
        job = training(num_epochs=1, preload=[preload], config={"learning_rate": 0.0, "random_seed": 3})
        (loaded,) = job.preload
        assert loaded.checkpoint.engine == "torch", name
        if name != "all":
            run_job(loaded.checkpoint.path.creator)
        run_job(job)
        values, there = read_checkpoint(job.out_checkpoints[1]), read_checkpoint(start)
        same = {key for key in there if numpy.array_equal(values[key], there[key]) and there[key].any()}
        wanted = {key for key in there if there[key].any() and (key.startswith("encoder/") or name != "encoder")}
        assert same - {"global_step"} == wanted - {"global_step"}, name


def test_stages(
    training: Callable[..., TrainingJob], run_job: RunJob, undisturbed: dict[int, dict[str, bytes]]
) -> None:
    """Interrupted between two stages: each epoch has the network of its stage."""
    model = tiny_model(dropout=0.2)
    first = nn.Network(model)
    model.label_smoothing = 0.1
    stages = nn.StagedNetwork({1: first, 2: nn.Network(model)})
    job = run_job(training(network=stages, num_epochs=1))
    assert job.out_checkpoints[1].network is first
    assert training(network=stages, num_epochs=2) is job
    run_job(job)
    assert parameters(job, 1) == undisturbed[1] and parameters(job, 2).keys() == undisturbed[2].keys()
    whole = run_job(training(network=stages, num_epochs=2, config=OTHER_ID))
    assert parameters(whole, 2) == parameters(job, 2) != undisturbed[2]


def test_parameters_do_not_grow(training: Callable[..., TrainingJob]) -> None:
    network = nn.Network(tiny_model())
    with pytest.raises(ValueError, match='engine="torch" has no copy_param_mode: RETURNN makes the parameters'):
        training(network=nn.StagedNetwork({1: network}, copy_param_mode="subset"))


@pytest.mark.usefixtures("cold_returnn")
def test_several_processes_of_which_one_is_killed(
    training: Callable[..., TrainingJob], run_job: RunJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two on the CPU, with gloo. The other one and ``torchrun`` end, too, the task with 137, and it goes on exactly."""
    options: dict[str, Any] = {"num_epochs": 20, "horovod_num_processes": 2}
    whole = run_job(training(**options, distributed_launch_cmd="torchrun"))
    config = pathlib.Path(whole.out_returnn_config_file.get_path()).read_text()
    assert "torch_distributed = " in config and "gloo" in config
    job = training(**options, config=OTHER_ID)
    killed: list[int] = []

    def kill(curves: Any) -> None:
        if job.out_checkpoints[2].path.available() and not killed:
            processes = set(processes_with(job._sis_path())) & set(processes_with("returnn_program.py"))
            killed.append(max(processes - set(processes_with("torch.distributed.run"))))
            os.kill(killed[0], signal.SIGKILL)

    with monkeypatch.context() as context:
        context.setattr(returnn_process, "WATCH_INTERVAL", 0.02)
        context.setattr(LearningCurvesWriter, "__call__", kill)
        with pytest.raises(subprocess.CalledProcessError) as caught:
            run_job(job)
    assert caught.value.returncode == 137 and len(killed) == 1
    wait_for(lambda: not processes_with(job._sis_path()))
    assert not job.out_checkpoints[20].path.available()
    run_job(job)
    assert parameters(job, 20) == parameters(whole, 20)


def test_accumulated_gradients_and_mixed_precision(
    training: Callable[..., TrainingJob], run_job: RunJob, undisturbed: dict[int, dict[str, bytes]]
) -> None:
    for options in ({"accum_grad_multiple_step": 2}, {"torch_amp": {"dtype": "bfloat16", "grad_scaler": None}}):
        job = run_job(training(num_epochs=1, config=options))
        values = read_checkpoint(job.out_checkpoints[1])
        assert all(value.dtype == "float32" for name, value in values.items() if name != "global_step")
        assert all(numpy.isfinite(value).all() for value in values.values())
        assert parameters(job, 1) != undisturbed[1], options


LOAD = """
import sys
from returnn.config import Config, set_global_config
from returnn.util.basic import BackendEngine, BehaviorVersion

if __name__ == "__main__":  # RETURNN starts another process
    config = Config({"task": "forward"})
    config.load_file(sys.argv[1])
    set_global_config(config)
    BehaviorVersion.set(config.int("behavior_version", 0))
    BackendEngine.select_engine(config=config)
    from returnn.torch.engine import Engine

    engine = Engine(config)
    engine.init_network_from_config()
    print(len(engine.get_pt_model().state_dict()), "parameters are loaded")
"""
"""Loads an exported model as RETURNN does."""


def test_export(training: Callable[..., TrainingJob], run_job: RunJob, tmp_path: pathlib.Path) -> None:
    job = run_job(training(num_epochs=1))
    network = nn.Network(tiny_model(), search=nn.BeamSearch(2), max_seq_len=5)
    exported = run_job(ExportModelJob(network, job.out_checkpoints[1]))
    names = {path.name for path in pathlib.Path(exported.out_directory.get_path()).iterdir()}
    assert names == {"model.pt", "returnn.config", "parameters.npz", "parameters.json"}
    assert 'backend = "torch"' in pathlib.Path(exported.out_returnn_config_file.get_path()).read_text()
    assert not os.path.islink(exported.out_checkpoint.path.get_path())
    copied = shutil.copytree(exported.out_directory.get_path(), tmp_path / "elsewhere")
    done = subprocess.run([sys.executable, "-c", LOAD, str(copied / "returnn.config")], capture_output=True, text=True)
    assert f"{len(read_checkpoint(job.out_checkpoints[1])) - 1} parameters are loaded" in done.stdout, done.stderr
    other = ExportModelJob(network, job.out_checkpoints[1], engine="tensorflow")
    assert isinstance(other.model_checkpoint.path.creator, ConvertCheckpointJob)
    assert other.job_id() != exported.job_id()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"config": {"gradient_clip_norm": 1.0}}, r"has no gradient_clip_norm; it has gradient_clip, "),
        (
            {"config": {"optimizer": {"class": "ftrl"}}},
            r"there is no optimizer 'ftrl' in RETURNN with engine='torch'. There are: adadelta, ",
        ),
        (
            {"horovod_num_processes": 2, "distributed_launch_cmd": "mpirun"},
            "engine='torch' processes are started by 'torchrun', not by distributed_launch_cmd='mpirun'",
        ),
    ],
)
def test_options_that_pytorch_has_not(
    arguments: dict[str, Any], message: str, training: Callable[..., TrainingJob]
) -> None:
    with pytest.raises(ValueError, match=message):
        training(**arguments)


def test_what_is_hashed(training: Callable[..., TrainingJob]) -> None:
    job = training()
    same = [{"num_epochs": 7}, {"device": "gpu"}, {"distributed_launch_cmd": "torchrun"}]
    assert {training(**options).job_id() for options in same} == {job.job_id()}
    arguments = (job.network, job.train_data, job.dev_data)
    assert TrainingJob(*arguments, config=job.config).job_id() != job.job_id()
    assert TrainingJob(*arguments, config=job.config, engine="torch") is job
    assert isinstance(job.out_checkpoints[1], Checkpoint) and job.out_checkpoints[1].engine == "torch"
    with pytest.raises(nn.NetworkError, match="engine is one of 'tensorflow', 'torch', not 'jax'"):
        TrainingJob(*arguments, engine="jax")
