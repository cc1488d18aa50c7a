"""
Makes what stands beside this file, with version 1309500: see README.md.

It trains some epochs, keeps the last checkpoint, trains another epoch as a worker would that resumes the job, and
searches with the checkpoint. Jobs are saved with paths that are relative to the setup.
"""

from __future__ import annotations

import gzip
import json
import os
import pathlib
import pickle
import shutil
import sys
from collections.abc import Iterator
from typing import Any

sys.path.insert(0, os.getcwd())
os.environ.update(DISABLE_CUDA="1", TF_CPP_MIN_LOG_LEVEL="2")

import localsis  # noqa: E402

localsis.install()

from jobs.learning_rates import read_learning_rates  # noqa: E402
from jobs.search import SearchJob  # noqa: E402
from jobs.training import TrainingJob  # noqa: E402
from localsis import settings  # noqa: E402
from recipe import nn  # noqa: E402
from tests.recipe.models.kept_models import BEAM_SIZE, KEPT, RESUMED, SEARCHED, kept_feeds  # noqa: E402
from tests.recipe.nn.returnn_run import run_returnn  # noqa: E402
from tests.recipe.nn.returnn_training import checkpoint_values, write_dataset  # noqa: E402

HERE = pathlib.Path(__file__).parent.resolve()
SETUP = pathlib.Path("setup").resolve()
EPOCHS = 12
"""Of the checkpoint."""
DATA = {"class": "HDFDataset", "files": ["data.hdf"], "use_cache_manager": False}
"""The file is in the directory in which a job runs."""
CONFIG: dict[str, Any] = {
    "batch_size": 100,
    "max_seqs": 1,
    "optimizer": {"class": "adam"},
    "learning_rate": nn.PythonCode("0.05"),
}


def main() -> None:
    """Makes everything."""
    settings.BASE_DIR = str(SETUP)
    scores = {name: make(name) for name in KEPT}
    (HERE / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


def make(name: str) -> dict[str, Any]:
    """Trains and searches with one model; gives what is kept of its scores."""
    place, feeds, model = HERE / name, kept_feeds()[name], KEPT[name]()
    place.mkdir(exist_ok=True)
    network = recorded(model)
    job = TrainingJob(network, DATA, DATA, config=CONFIG, num_epochs=EPOCHS, keep_epochs={EPOCHS})
    run(job, feeds)
    checkpoint = job.out_checkpoints[EPOCHS]
    for ending in (".index", ".data-00000-of-00001", *([".optimizer.npz"] if name in RESUMED else [])):
        shutil.copy(checkpoint.prefix() + ending, place / f"checkpoint{ending}")
    shutil.copy(job.out_learning_rates.get_path(), place / "learning_rates")
    parameters = checkpoint_values(place / "checkpoint")
    parameters = {name: value for name, value in parameters.items() if name in network.parameters}
    assert parameters.keys() == network.parameters.keys()
    losses = run_returnn(network, feeds, parameters).losses

    job = TrainingJob(network, DATA, DATA, config=CONFIG, num_epochs=EPOCHS + 1, keep_epochs={EPOCHS})
    save(job, place / "training.save")
    run(job, feeds)
    resumed = read_learning_rates(job.out_learning_rates.get_path())[EPOCHS + 1].scores
    if name in SEARCHED:
        searching = recorded(model, search=nn.BeamSearch(BEAM_SIZE))
        search = SearchJob(searching, checkpoint, DATA, config={"batch_size": 100, "max_seqs": 1})
        save(search, place / "search.save")
        run(search, feeds)
        shutil.copy(search.out_hypotheses.get_path(), place / "hypotheses.jsonl")
    return {"digest": network.digest, "losses": losses, "resumed": resumed}


def recorded(model: nn.Module, **options: Any) -> nn.Network:
    """The network, in which the names of source files are relative to the checkout."""
    network = nn.Network(model, **options)
    for op in ops_in(network.root_body):
        op.source = op.source._replace(file=os.path.relpath(op.source.file))
    return network


def ops_in(body: Any) -> Iterator[Any]:
    """All ops of a body and of the loops in it."""
    for op in body.ops:
        yield op
        if hasattr(op, "body_of_steps"):
            yield from ops_in(op.body_of_steps)


def run(job: Any, feeds: Any) -> None:
    """Runs a job as a worker does."""
    job._sis_setup_directory()
    work = pathlib.Path(job._sis_path("work"))
    write_dataset(work, feeds)
    before = os.getcwd()
    os.chdir(work)
    job.run()
    os.chdir(before)


def save(job: Any, path: pathlib.Path) -> None:
    """What the engine writes as ``job.save``."""
    settings.BASE_DIR = ""
    data = pickle.dumps(job, protocol=4)
    settings.BASE_DIR = str(SETUP)
    assert os.getcwd().encode() not in data
    path.write_bytes(gzip.compress(data, mtime=0))


if __name__ == "__main__":
    main()
