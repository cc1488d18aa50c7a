"""Whole configs that ``from_net_dict --config`` writes: their graphs are built, and one trains and searches."""

from __future__ import annotations

import importlib.util
import pathlib
import types

import numpy
import pytest

from jobs.checkpoint_values import read_checkpoint
from jobs.hypotheses import read_hypotheses
from jobs.old_checkpoint import OldCheckpointJob
from jobs.search import SearchJob
from jobs.training import TrainingJob
from localsis import outputs
from localsis.job import created_jobs
from recipe.data.hdf import LabelStream, write_feature_hdf
from recipe.from_net_dict import config_from
from recipe.nn import StagedNetwork
from tests.recipe.from_net_dict.original_run import run_original, settings_of
from tests.recipe.nn.agreement import ragged_frames, ragged_labels

from .conftest import RunJob

pytestmark = [pytest.mark.xdist_group("returnn-2"), pytest.mark.usefixtures("warm_returnn")]

CONFIGS = pathlib.Path(__file__).parents[1] / "recipe" / "from_net_dict"
OLD = (CONFIGS / "old_style.config").read_text()
OPTIONS = """
task = "train"
device = "cpu"
train = {"class": "HDFDataset", "files": ["TRAIN_FILE"], "partition_epoch": 1, "seq_ordering": "random"}
dev = {"class": "HDFDataset", "files": ["TRAIN_FILE"], "seq_ordering": "sorted"}
cache_size = "0"
window = 1
batching = "random"
batch_size = 5000
max_seqs = 10
num_epochs = 1
cleanup_old_models = True
adam = True
optimizer_epsilon = 1e-8
learning_rate = 1e-9
learning_rate_control = "newbob_multi_epoch"
newbob_multi_num_epochs = 6
gradient_clip = 0
log_verbosity = 5
log_batch_size = True
model = "data/model"
"""


def written(text: str, directory: pathlib.Path) -> types.ModuleType:
    """The config, imported as Sisyphus would import it."""
    file = directory / "written_config.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location("written_config", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_trains_and_searches(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """It starts with a checkpoint that RETURNN wrote of the old network, trains a step of nearly no size, searches."""
    lengths, labels = [5, 4, 7], [3, 2, 4]
    frames, _ = ragged_frames(lengths, 3, seed=1)
    targets, _ = ragged_labels(labels, 9, seed=2, first=1)
    sequences = [frame[:length] for frame, length in zip(frames, lengths)]
    stream = LabelStream([target[:length].tolist() for target, length in zip(targets, labels)], list("012345678"))
    write_feature_hdf(str(tmp_path / "train.hdf"), ["a", "b", "c"], sequences, {"classes": stream})
    prefix = tmp_path / "network.050"
    feeds = {"data": (frames, numpy.array(lengths)), "classes": (targets, numpy.array(labels))}
    original = run_original(settings_of(OLD), feeds, [], checkpoint=prefix)

    config = config_from(OLD + OPTIONS.replace("TRAIN_FILE", str(tmp_path / "train.hdf")), source_name="mine.config")
    assert config.problems == []
    assert '# preload=[Preload(OldCheckpointJob(tk.Path("network.001.index"), NAME_MAP)' in config.text  # do so
    text = config.text.replace(
        "        num_epochs=NUM_EPOCHS,\n",
        "        num_epochs=NUM_EPOCHS,\n"
        f'        preload=[Preload(OldCheckpointJob(tk.Path("{prefix}.index"), NAME_MAP).out_checkpoint)],\n',
    )
    text = text.replace(
        "from jobs.search",
        "from jobs.old_checkpoint import OldCheckpointJob\nfrom jobs.preload import Preload\nfrom jobs.search",
    )
    module = written(text, tmp_path)
    module.py()
    by_class = {type(job): job for job in created_jobs.values()}
    run_job(by_class[OldCheckpointJob])
    training = run_job(by_class[TrainingJob])
    trained = read_checkpoint(training.out_checkpoints[1])
    for name, old in module.NAME_MAP.items():
        numpy.testing.assert_allclose(trained[name], original.parameters[old], atol=1e-5, err_msg=name)
    search = run_job(by_class[SearchJob])
    found = read_hypotheses(search.out_hypotheses.get_path())
    assert sorted(found) == ["a", "b", "c"] and all(len(beam) == 4 for beam in found.values())
    assert {"mine/learning_curves.txt", "mine/dev/hypotheses.jsonl"} <= set(outputs.registered)


def test_graph_of_what_is_hardly_readable(tmp_path: pathlib.Path) -> None:
    """Data that only running the file would tell is left to do; all that is left to do is said, and stands there."""
    options = """
train = dataset("train")
learning_rates = [0.1 * factor() for _ in range(3)]
pretrain = "default"
import_model_train_epoch1 = "/old/model.050"
rmsprop = 0.9
momentum = 0.5
multiprocessing = True
num_epochs = 12
cleanup_old_models = {"keep": [4, 8, 40]}
"""
    config = config_from(OLD + options)
    todo = [problem.partition(":")[0] for problem in config.problems]
    assert todo == ["import_model_train_epoch1", "learning_rates"]
    for problem in config.problems:
        assert f"# TODO {problem}" in config.text
    assert "# TODO train: it can only be told by running the file, line 110: dataset is not defined" in config.text
    assert "# - pretrain: all its networks are the same" in config.text
    assert "# - multiprocessing: left out, it is of RETURNN's Theano engine" in config.text
    module = written(config.text, tmp_path)
    module.py()
    [training] = [job for job in created_jobs.values() if isinstance(job, TrainingJob)]
    assert training.config["optimizer"] == {"class": "rmsprop", "decay": 0.9, "momentum": 0.5, "epsilon": 1e-16}
    assert (training.num_epochs, training.device) == (12, "gpu")
    assert training.keep_rules.epochs >= {4, 8} and not isinstance(training.network, StagedNetwork)


@pytest.mark.parametrize(
    ("text", "optimizer"),
    [
        ("adam = True", {"class": "adam", "epsilon": 1e-16}),
        ("nadam = True\noptimizer_epsilon = 1e-8", {"class": "nadam", "epsilon": 1e-8}),
        ("adadelta = True", {"class": "adadelta", "epsilon": 1e-16}),
        ("adagrad = True", {"class": "adagrad"}),
        ("momentum = 0.9", {"class": "momentum", "momentum": 0.9}),
        ("optimizer = {'class': 'adam', 'epsilon': 1e-6}", {"class": "adam", "epsilon": 1e-6}),
        ("", {"class": "gradientdescent"}),
    ],
)
def test_optimizers(text: str, optimizer: dict[str, object], tmp_path: pathlib.Path) -> None:
    module = written(config_from(f"{OLD}\nnum_epochs = 3\n{text}").text, tmp_path)
    assert module.CONFIG["optimizer"] == optimizer
    module.py()


def test_paths_and_labels() -> None:
    """Files become inputs of jobs, and the labels of a search have names, with a word on where those are."""
    text = config_from(
        OLD + 'train = {"class": "OggZipDataset", "path": "/data/x.zip", "targets": {"class": '
        '"BytePairEncoding", "bpe_file": "/data/codes", "vocab_file": "/data/vocab"}, "audio": {"features": "mfcc"}}'
    ).text
    assert '"path": tk.Path("/data/x.zip"),  # TODO: where it is here' in text
    assert "CLASSES_LABELS = [str(number) for number in range(9)]  # TODO: the names, from /data/vocab" in text
    assert 'classes_dim = nn.Dim(9, "classes", labels=CLASSES_LABELS)' in text


def test_parts_that_are_not_known() -> None:
    """Keys and values that only running the file would tell, each at its place."""
    options = '{"class": "OggZipDataset", "path": [found()], "epoch_wise_filter": {(1, other): {"max_mean_len": 5}}}'
    text = config_from(f"{OLD}train = {options}").text
    compile(text, "<written>", "exec")
    assert '"TODO (1, <line 10' in text and ": other is not defined in this file" in text
    assert "        None,  # TODO: line 10" in text and "found is not defined in this file" in text
