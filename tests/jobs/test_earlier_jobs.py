"""Jobs that version 1309500 set up go on with the code of today; see ``tests/golden/version_1309500``."""

from __future__ import annotations

import gzip
import io
import json
import os
import pathlib
import pickle
import pickletools
import shutil
from typing import Any

import pytest

from jobs.hypotheses import read_hypotheses
from jobs.learning_rates import read_learning_rates
from jobs.search import SearchJob
from jobs.training import TrainingJob
from localsis import settings
from recipe import nn
from recipe.nn.canonical.form import canonical_form
from recipe.nn.program.earlier_versions import MOVED
from recipe.nn.program.parameter_agreement import check_parameters
from tests.recipe.models.kept_models import BEAM_SIZE, KEPT, RESUMED, SEARCHED, kept_feeds
from tests.recipe.nn.golden import DIRECTORY
from tests.recipe.nn.returnn_training import write_dataset

pytestmark = [pytest.mark.xdist_group("returnn-2"), pytest.mark.usefixtures("warm_returnn")]
PLACE = DIRECTORY / "version_1309500"
SCORES: dict[str, Any] = json.loads((PLACE / "scores.json").read_text(encoding="utf-8"))
EPOCH = 12
"""Of the checkpoints."""

SAVED = [f"{name}/training" for name in KEPT] + [f"{name}/search" for name in SEARCHED]


def saved_bytes(name: str) -> bytes:
    return gzip.decompress((PLACE / f"{name}.save").read_bytes())


def network_today(name: str) -> nn.Network:
    model, _, job = name.partition("/")
    return nn.Network(KEPT[model](), search=nn.BeamSearch(BEAM_SIZE) if job == "search" else None)


def without_variables(network: nn.Network) -> nn.Network:
    """Without the names of the user's variables, which version 1309500 did not note; layers are called by them."""
    for op in network.all_ops():
        vars(op).pop("variable", None)
    return network


@pytest.mark.parametrize("name", SAVED)
def test_network_is_the_one_of_today(name: str) -> None:
    network, today = pickle.loads(saved_bytes(name)).network, without_variables(network_today(name))
    assert canonical_form(network).digest == network.digest == today.digest
    check_parameters(network, today)
    for device in ("cpu", "gpu"):
        assert network.config_text(device) == today.config_text(device)
    assert (network.summary(), network.picture(), repr(network)) == (today.summary(), today.picture(), repr(today))


@pytest.mark.parametrize("model", KEPT)
def test_ids_are_those_of_today(model: str) -> None:
    saved = pickle.loads(saved_bytes(f"{model}/training"))
    training = TrainingJob(**{**saved._sis_parsed, "network": network_today(f"{model}/training")})
    assert training.job_id() == saved.job_id()
    if model in SEARCHED:
        saved = pickle.loads(saved_bytes(f"{model}/search"))
        own = {"network": network_today(f"{model}/search"), "model_checkpoint": training.out_checkpoints[EPOCH]}
        assert SearchJob(**{**saved._sis_parsed, **own}).job_id() == saved.job_id()


def test_saved_again_with_names_of_today() -> None:
    network = pickle.loads(saved_bytes("attention/training")).network
    assert not modules_in(pickle.dumps(network)) & {f"recipe.nn.{module}" for module in MOVED}


def modules_in(data: bytes) -> set[str]:
    """All texts of a pickle that may name a module."""
    return {text for _, text, _ in pickletools.genops(data) if isinstance(text, str) and text.startswith("recipe.")}


class _OfOtherSetup(pickle.Unpickler):
    """Reads a pickle as if it came from a setup that uses this project as ``returnn_recurrent``."""

    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(module.replace("recipe.nn", "returnn_recurrent.nn"), name)


def test_names_of_another_setup() -> None:
    data = saved_bytes("attention/training")
    assert {"recipe.nn.dim", "recipe.nn.loop_op", "recipe.nn.linear"} <= modules_in(data)
    network = _OfOtherSetup(io.BytesIO(data)).load().network
    assert type(network).__module__ == "returnn_recurrent.nn.network"
    assert {type(op).__module__.partition(".")[0] for op in network.all_ops()} == {"returnn_recurrent"}
    assert network.digest == SCORES["attention"]["digest"]


@pytest.fixture
def setup(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty setup, in which saved jobs stand: their paths are relative to it."""
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    return tmp_path


def put_down(job: Any, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in a job's directory before it runs, with the data beside it; the process goes there."""
    job._sis_setup_directory()
    monkeypatch.chdir(job._sis_path("work"))
    write_dataset(pathlib.Path.cwd(), kept_feeds()[model])


def put_checkpoint(model: str, prefix: str) -> None:
    os.makedirs(os.path.dirname(prefix), exist_ok=True)
    for file in (PLACE / model).glob("checkpoint.*"):
        shutil.copy(file, f"{prefix}.{file.name.removeprefix('checkpoint.')}")
    pathlib.Path(f"{prefix}.meta").touch()


@pytest.mark.parametrize("model", RESUMED)
def test_training_goes_on(model: str, setup: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the checkpoint on, with the scores that the next epoch had with version 1309500."""
    job = pickle.loads(saved_bytes(f"{model}/training"))
    assert isinstance(job, TrainingJob) and job.num_epochs == EPOCH + 1
    put_down(job, model, monkeypatch)
    put_checkpoint(model, job.out_checkpoints[EPOCH].prefix())
    shutil.copy(PLACE / model / "learning_rates", job.out_learning_rates.get_path())
    job.run()
    scores = read_learning_rates(job.out_learning_rates.get_path())[EPOCH + 1].scores
    assert scores == pytest.approx(SCORES[model]["resumed"], rel=1e-4)


@pytest.mark.parametrize("model", SEARCHED)
def test_search(model: str, setup: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hypotheses and their scores are those of version 1309500."""
    job = pickle.loads(saved_bytes(f"{model}/search"))
    assert isinstance(job, SearchJob)
    put_down(job, model, monkeypatch)
    put_checkpoint(model, job.model_checkpoint.prefix())
    job.run()
    found = read_hypotheses(job.out_hypotheses.get_path())
    expected = read_hypotheses(str(PLACE / model / "hypotheses.jsonl"))
    assert found.keys() == expected.keys() and len(found) == 3
    for tag, hypotheses in expected.items():
        assert [one.labels for one in found[tag]] == [one.labels for one in hypotheses]
        assert [one.score for one in found[tag]] == pytest.approx([one.score for one in hypotheses], rel=1e-4)
