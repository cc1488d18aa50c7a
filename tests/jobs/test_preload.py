"""Parameters from other checkpoints: checked when the graph is written, hashed by what is read, there in RETURNN."""

from __future__ import annotations

import pathlib

import numpy
import pytest
from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.preload import Preload, preload_options
from jobs.search import SearchJob
from jobs.training import TrainingJob
from recipe import nn
from tests.recipe.models.small_model import small_model
from tests.recipe.nn.inputs import CLASSES, FEATURES, FRAMES, LABELS
from tests.recipe.nn.returnn_training import checkpoint_values, train, training_text

pytestmark = [
    pytest.mark.xdist_group("returnn-2"),
    pytest.mark.usefixtures("warm_returnn"),
    pytest.mark.filterwarnings("ignore:no output and no loss depends"),  # the classifier of the encoder in Model
]
HIDDEN = nn.Dim(6, name="hidden")
DATA = {"class": "HDFDataset", "files": []}


class Encoder(nn.Module):
    """A layer with the classifier that it is pretrained with."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(FEATURES, HIDDEN)
        self.classifier = nn.Linear(HIDDEN, LABELS)

    def forward(self) -> None:
        mark_loss(self.classifier(self.encode(nn.get_extern_data(FRAMES))))

    def encode(self, x: nn.Tensor) -> nn.Tensor:
        return nn.tanh(self.layer(x))


class Model(nn.Module):
    """An encoder, a layer and a classifier of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.layer = nn.Linear(HIDDEN, HIDDEN)
        self.classifier = nn.Linear(HIDDEN, LABELS)

    def forward(self) -> None:
        mark_loss(self.classifier(self.layer(self.encoder.encode(nn.get_extern_data(FRAMES)))))


def mark_loss(logits: nn.Tensor) -> None:
    nn.cross_entropy(logits, nn.get_extern_data(CLASSES)).mark_as_loss("cross_entropy")


@pytest.fixture(scope="module")
def pretraining() -> nn.Network:
    return nn.Network(Encoder())


@pytest.fixture(scope="module")
def network() -> nn.Network:
    return nn.Network(Model())


def checkpoint(network: nn.Network | None = None, path: str = "there/epoch.001.index") -> Checkpoint:
    return Checkpoint(tk.Path(path), network)


def test_values_arrive_in_returnn(pretraining: nn.Network, network: nn.Network, tmp_path: pathlib.Path) -> None:
    """Only the mapped ones; ``layer`` and ``classifier`` are in the checkpoint, too, but those are others."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    preload = Preload(checkpoint(pretraining, str(first / "net.001.index")), name_map={"encoder/": ""})
    preload.check(network)
    options = preload_options([preload], network)
    texts = [
        training_text(pretraining, first, num_epochs=1),
        training_text(network, second, num_epochs=1, learning_rate=0.0, **options),
    ]
    train(*texts, directory=tmp_path)
    there, here = checkpoint_values(first / "net.001"), checkpoint_values(second / "net.001")
    assert set(there) == {f"{layer}/{name}" for layer in ("layer", "classifier") for name in "Wb"}
    for name in ("layer/W", "layer/b"):
        numpy.testing.assert_array_equal(here[f"encoder/{name}"], there[name])
    assert numpy.abs(here["classifier/W"] - there["classifier/W"]).max() > 0.01
    assert not here["layer/b"].any() and there["layer/b"].any()


def test_checked_by_the_training(pretraining: nn.Network, network: nn.Network) -> None:
    with pytest.raises(nn.NetworkError) as caught:
        TrainingJob(network, DATA, DATA, preload=[Preload(checkpoint(pretraining))])
    assert f"{pathlib.Path(__file__).name}:" in str(caught.value)
    assert "missing in the checkpoint: encoder/layer/W [features=5, hidden=6]" in str(caught.value)
    assert "differs: layer/W [features=5, hidden=6] in the checkpoint, [hidden=6, hidden=6]" in str(caught.value)
    with pytest.raises(nn.NetworkError, match="fit no parameter of the network: 'enc/'"):
        TrainingJob(network, DATA, DATA, preload=[Preload(checkpoint(), name_map={"enc/": ""})])
    TrainingJob(network, DATA, DATA, preload=[Preload(checkpoint(network))])


def test_hashed_by_checkpoint_and_map(pretraining: nn.Network, network: nn.Network) -> None:
    def job_id(*preload: Preload) -> str:
        return TrainingJob(network, DATA, DATA, preload=list(preload)).job_id()

    mapped = {"encoder/": ""}
    ids = {
        TrainingJob(network, DATA, DATA).job_id(),
        job_id(Preload(checkpoint(), name_map=mapped)),
        job_id(Preload(checkpoint(path="elsewhere/epoch.001.index"), name_map=mapped)),
        job_id(Preload(checkpoint(), name_map={"encoder/layer/": "layer/"})),
        job_id(Preload(checkpoint(), name_map=mapped, ignore_missing=True)),
    }
    assert len(ids) == 5
    assert job_id() in ids and job_id(Preload(checkpoint(pretraining), name_map=mapped)) in ids


def test_checked_by_the_search() -> None:
    trained, search = nn.Network(small_model()), nn.Network(small_model(lstm_dim=6), search=nn.BeamSearch(2))
    with pytest.raises(nn.NetworkError, match=r"differs: decoder/cell/W_re \[decoder=5, .* \[decoder=6, "):
        SearchJob(search, TrainingJob(trained, DATA, DATA).out_checkpoints[1], DATA)
    model = small_model()
    right = nn.Network(model, search=nn.BeamSearch(2))
    job = SearchJob(right, checkpoint(nn.Network(model)), DATA)
    assert job is SearchJob(right, checkpoint(), DATA), "the network of a checkpoint is no part of the hash"


def test_stages_are_trained_in_turn(pretraining: nn.Network) -> None:
    """Each checkpoint is known to be of the network of its epoch."""
    wide = nn.Network(Model())
    stages = nn.StagedNetwork({1: pretraining, 3: wide}, copy_param_mode="subset")
    job = TrainingJob(stages, DATA, DATA, num_epochs=3)
    assert [job.out_checkpoints[epoch].network for epoch in (1, 2, 3)] == [pretraining, pretraining, wide]
    assert job.job_id() != TrainingJob(pretraining, DATA, DATA, num_epochs=3).job_id()


def test_options_of_a_stage(pretraining: nn.Network) -> None:
    """RETURNN changes options that the config has; of PyTorch it has none of a stage alone."""
    stages = nn.StagedNetwork({1: pretraining}, options={1: {"batch_size": 20}})
    with pytest.raises(ValueError, match="from epoch 1 on, batch_size is another one, but config= does not say"):
        TrainingJob(stages, DATA, DATA)
    with pytest.raises(ValueError, match='engine="torch" has no options of single stages'):
        TrainingJob(stages, DATA, DATA, engine="torch", config={"batch_size": 10})
    job = TrainingJob(stages, DATA, DATA, config={"batch_size": 10})
    assert (
        job.job_id() != TrainingJob(nn.StagedNetwork({1: pretraining}), DATA, DATA, config={"batch_size": 10}).job_id()
    )
