"""Jobs that run a trained network take checkpoints of the other engine, of stages, and with values of jobs."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from jobs.convert_checkpoint import ConvertCheckpointJob
from jobs.forward import ForwardJob
from jobs.prior import PriorJob
from jobs.returnn_errors import ReturnnError
from jobs.search import SearchJob
from jobs.training import TrainingJob
from recipe import nn

from .configs.tiny import tiny_model
from .conftest import RunJob
from .engines import OPTIONS, assert_same_hdf, assert_same_hypotheses, random_checkpoints, text
from .examples import CountJob

pytestmark = [pytest.mark.xdist_group("both-engines"), pytest.mark.usefixtures("warm_returnn")]
pytest.importorskip("tensorflow", reason="runs both engines")
pytest.importorskip("torch", reason="runs both engines")


def test_checkpoint_of_the_other_engine(run_job: RunJob, word_data: dict[str, Any], tmp_path: pathlib.Path) -> None:
    """It is converted by a job of its own, there and back: the hypotheses are those of the checkpoint itself."""
    network = nn.Network(tiny_model(), search=nn.BeamSearch(2), max_seq_len=4)
    checkpoints = random_checkpoints(tmp_path, network)
    found = {}
    for engine, other in (("tensorflow", "torch"), ("torch", "tensorflow")):
        job = SearchJob(network, checkpoints[engine], word_data, engine=other, config=OPTIONS)
        converted = job.model_checkpoint.path.creator
        assert isinstance(converted, ConvertCheckpointJob)
        run_job(converted)
        found[other] = run_job(job).out_hypotheses
        assert ('backend = "torch"' in text(job.out_returnn_config_file)) == (other == "torch")
    assert_same_hypotheses(found["tensorflow"], found["torch"])


def test_values_of_jobs(run_job: RunJob, word_data: dict[str, Any], on_both_engines: Callable[..., list[Any]]) -> None:
    """A size, a number, and the names of labels, that are known when the config is written."""
    count = run_job(CountJob(5))
    source, labels = tiny_model().source, nn.Dim(count.out_size, "labels", labels=count.out_labels)
    assert source.sparse_dim is not None

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(source.sparse_dim, labels)

        def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
            """Scores of labels for each letter, or labels."""
            scores = self.embedding(nn.get_extern_data(source)) * count.out_scale
            if search is None:
                return scores
            loop = nn.Loop()
            with loop:
                return loop.stack(nn.choice(loop.unstack(scores), search=search))

    network = nn.Network(Model())
    jobs = on_both_engines(network, lambda given: PriorJob(network, given, word_data, config=OPTIONS))
    wanted, prior = (json.loads(text(job.out_prior_json_file)) for job in jobs)
    assert prior == pytest.approx(wanted, rel=1e-4) and list(prior) == count.out_labels.get()
    search = nn.Network(Model(), search=nn.BeamSearch(2))
    jobs = on_both_engines(search, lambda given: SearchJob(search, given, word_data, config=OPTIONS))
    found = assert_same_hypotheses(*(job.out_hypotheses for job in jobs))
    assert {label for items in found.values() for label in items[0].labels} <= set(count.out_labels.get())


class Growing(nn.Module):
    """A model that gets another layer."""

    def __init__(self) -> None:
        super().__init__()
        model = tiny_model()
        self.source, self.is_large = model.source, False
        assert self.source.sparse_dim is not None
        features = nn.Dim(4, "features")
        self.embedding, self.layer = nn.Embedding(self.source.sparse_dim, features), nn.Linear(features, features)

    def forward(self) -> nn.Tensor:
        """What the last layer gives, which is also a loss."""
        x = self.embedding(nn.get_extern_data(self.source))
        if self.is_large:
            x = self.layer(nn.tanh(x))
        nn.reduce_sum(x * x, x.feature_dim).mark_as_loss("loss")
        return x


def test_checkpoints_of_stages(run_job: RunJob, word_data: dict[str, Any], tmp_path: pathlib.Path) -> None:
    """On PyTorch, those of the first stage have the parameters of the second one as well."""
    model = Growing()
    with pytest.warns(nn.NetworkWarning, match="no output and no loss depends on these parameters: layer/W, layer/b"):
        small = nn.Network(model)
    model.is_large = True
    stages = nn.StagedNetwork({1: small, 2: nn.Network(model)})
    options = {"batch_size": 20, "learning_rate": 0.1}
    training = run_job(
        TrainingJob(stages, word_data, word_data, engine="torch", config=options, num_epochs=2, cpu_rqmt=1)
    )
    with pytest.raises(nn.NetworkError, match="layer"):
        ForwardJob(stages.last, training.out_checkpoints[1], word_data)
    for epoch in (1, 2):
        network, checkpoint = stages.network_at(epoch), training.out_checkpoints[epoch]
        by_torch = run_job(ForwardJob(network, checkpoint, word_data, config=OPTIONS))
        assert by_torch.engine == "torch"
        given = run_job(ConvertCheckpointJob(checkpoint.path, "tensorflow")).out_checkpoint
        by_tensorflow = run_job(ForwardJob(network, given, word_data, config=OPTIONS))
        assert_same_hdf(by_tensorflow.out_hdf_files["output"], by_torch.out_hdf_files["output"])


def test_damaged_checkpoint(run_job: RunJob, word_data: dict[str, Any], tmp_path: pathlib.Path) -> None:
    network = nn.Network(tiny_model(), search=nn.BeamSearch(2), max_seq_len=4)
    checkpoint = random_checkpoints(tmp_path, network)["torch"]
    path = tmp_path / "epoch.001.pt"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(ReturnnError, match=f"{tmp_path}/epoch.001: take another, or train it again.* it is damaged"):
        run_job(SearchJob(network, checkpoint, word_data))
