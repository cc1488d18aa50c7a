"""Training on an archive, whose features and other speeds are computed by functions that stand in the config."""

from __future__ import annotations

import pathlib

import pytest
from sisyphus import tk

from jobs.learning_rates import read_learning_rates
from jobs.score_keys import score_key
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.characters import character_targets
from recipe.data.speech_dataset import in_processes, log_mel_audio, ogg_zip_dataset, short_ones_first

from ..conftest import RunJob
from .epochs import archive

LABELS = "ABCDEFGHIJ"
SECONDS = {name: 0.2 + 0.05 * number for number, name in enumerate("abcdefgh")}


class Model(nn.Module):
    """Labels by CTC, each frame by itself."""

    def __init__(self) -> None:
        super().__init__()
        features, labels = nn.Dim(20, "features"), nn.Dim(len(LABELS), "labels")
        self.data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), features])
        self.classes = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=labels)
        self.readout = nn.Linear(labels + 1)

    def forward(self) -> None:
        """The loss."""
        logits = self.readout(nn.get_extern_data(self.data))
        nn.ctc_loss(logits, nn.get_extern_data(self.classes)).mark_as_loss("ctc")


@pytest.mark.usefixtures("warm_returnn_once")
def test_config_runs_by_itself(tmp_path: pathlib.Path, run_job: RunJob, engine: str) -> None:
    """Also where other processes read the data: those of PyTorch, and those of RETURNN's MultiProcDataset."""
    path = tk.Path(archive(tmp_path / "corpus.zip", SECONDS))
    audio = log_mel_audio(num_mel=10, stack=2, speeds=(0.9, 1.1))
    train = ogg_zip_dataset(
        path,
        audio=audio,
        targets=character_targets(LABELS),
        seq_ordering=short_ones_first(num_epochs=1, then="random"),
        longest_mean={1: 0.3},
    )
    dev = ogg_zip_dataset(path, audio=log_mel_audio(num_mel=10, stack=2), targets=character_targets(LABELS))
    workers = {"torch_dataloader_opts": {"num_workers": 1}} if engine == "torch" else {}
    job = TrainingJob(
        nn.Network(Model()),
        in_processes(train, 1) if engine == "tensorflow" else train,
        dev,
        engine=engine,
        config={"batch_size": 100, "learning_rate": 0.1, "optimizer": {"class": "adam"}, **workers},
        num_epochs=3,
    )
    run_job(job)
    config = pathlib.Path(job.out_returnn_config_file.get_path()).read_text()
    assert "\ndef log_mel_features(\n" in config and "import recipe" not in config and "from recipe" not in config
    assert config.count("\ndef log_mel(") == 1
    key = score_key("dev_score", engine, job.network)
    epochs = read_learning_rates(job.out_learning_rates.get_path())
    assert len(epochs) == 3 and epochs[3].scores[key] < epochs[1].scores[key]
