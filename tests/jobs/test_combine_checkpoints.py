"""One search with parameters of several trainings: what is combined, and that RETURNN searches with it."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.combine_checkpoints import CombineCheckpointsJob, combined_checkpoint
from jobs.hypotheses import read_hypotheses
from jobs.optimal_parameters import tune
from jobs.preload import Preload
from jobs.rescoring import RescoringJob
from jobs.search import SearchJob
from recipe import nn
from recipe.models.fusion import ShallowFusion
from recipe.models.language_model import LstmLanguageModel
from recipe.models.sequence_to_sequence import SequenceToSequence
from tests.recipe.models.small_model import END, small_feeds, small_model
from tests.recipe.nn.returnn_training import checkpoint_values, train, training_text, write_dataset

pytestmark = [pytest.mark.xdist_group("returnn-2"), pytest.mark.usefixtures("warm_returnn")]

NAME_MAPS = ({"encoder/": "encoder/", "decoder/decoder/": "decoder/"}, {"decoder/language_model/": ""})


class Models:
    """A recogniser and a language model, and the search with both."""

    def __init__(self) -> None:
        self.recogniser = small_model(num_layers=1)
        labels = self.recogniser.decoder.labels
        self.language_model = LstmLanguageModel(
            nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="time")], sparse_dim=labels),
            end_label=END,
            embedding_dim=nn.Dim(3, name="vector"),
            lstm_dim=nn.Dim(5, name="lstm"),
        )
        self.trained = (nn.Network(self.recogniser), nn.Network(self.language_model))

    def fused(self, scale: Any) -> SequenceToSequence:
        """Both, with a scale of the language model."""
        model = self.recogniser
        decoder = ShallowFusion(model.decoder, self.language_model, scale)
        return SequenceToSequence(model.source, model.target, model.encoder, decoder)

    def search(self, scale: Any, beam_size: int = 3) -> nn.Network:
        """The network of a search with a scale of the language model."""
        return nn.Network(self.fused(scale), search=nn.BeamSearch(beam_size), max_seq_len=6)

    def parts(self, *paths: str) -> list[Preload]:
        """Both checkpoints with their names."""
        return [
            Preload(Checkpoint(tk.Path(path), network), name_map=names)
            for path, network, names in zip(paths, self.trained, NAME_MAPS)
        ]


@pytest.fixture(scope="module")
def models() -> Models:
    return Models()


def test_search_of_returnn(models: Models, tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    """Two trainings, the checkpoint of both, and a search with RETURNN: the hypotheses are those of NumPy."""
    feeds = small_feeds()
    directories = [tmp_path / "recogniser", tmp_path / "language_model"]
    texts = []
    for directory, network, data in zip(directories, models.trained, ("data", "classes")):
        directory.mkdir()
        of_model = {"data": feeds[data], "classes": feeds["classes"]}
        texts.append(training_text(network, directory, of_model, num_epochs=1, learning_rate=0.3))
    train(*texts, directory=tmp_path)
    paths = [str(directory / "net.001.index") for directory in directories]
    search = models.search(0.8)
    combined = combined_checkpoint(search, models.parts(*paths))
    run_job(combined.path.creator)
    there = [checkpoint_values(directory / "net.001") for directory in directories]
    values = checkpoint_values(pathlib.Path(combined.prefix()))
    assert set(values) == set(search.parameters)
    numpy.testing.assert_array_equal(values["decoder/decoder/output/W"], there[0]["decoder/output/W"])
    numpy.testing.assert_array_equal(values["decoder/language_model/output/W"], there[1]["output/W"])

    data = {**write_dataset(directories[0]), "files": [tk.Path(str(directories[0] / "data.hdf"))]}
    job = SearchJob(search, combined, data, config={"batch_size": 100})
    run_job(job)
    found = read_hypotheses(job.out_hypotheses.get_path())
    run = nn.run_numpy(search, {"data": feeds["data"]}, values)
    names = models.recogniser.decoder.labels.labels
    assert names is not None and run.beam_scores is not None
    for number, labels in enumerate(run.outputs["output"].sequences()):
        hypothesis = found[f"seq-{number // 3}"][number % 3]
        assert hypothesis.labels == tuple(names[label] for label in labels)
        assert hypothesis.score == pytest.approx(run.beam_scores[number // 3, number % 3], rel=1e-3)


def test_one_checkpoint_for_all_scales(models: Models) -> None:
    """It depends on names only: a tuning of scale and beam size combines once."""
    parts = models.parts("a/epoch.001.index", "b/epoch.001.index")
    made: set[str] = set()

    def error_rate(network: nn.Network) -> tk.Variable:
        checkpoint = combined_checkpoint(network, parts)
        made.add(checkpoint.path.creator.job_id())
        return SearchJob(network, checkpoint, {"class": "HDFDataset", "files": []}).out_num_seqs

    tuning = tune(models.search, {"scale": [0.0, 0.2, 0.4], "beam_size": [2, 4]}, error_rate)
    assert len(made) == 1 and len(tuning.network.networks) == 6
    other = models.search(tuning.optimum.out_optimal_parameters["scale"])
    assert combined_checkpoint(other, parts).path.creator.job_id() in made, "a scale that a job gives, too"
    assert other.digest not in {network.digest for network in tuning.network.networks}


def test_rescoring_with_it(models: Models) -> None:
    """The fused model without a search is what rescoring wants."""
    scoring = nn.Network(models.fused(0.3))
    combined = combined_checkpoint(scoring, models.parts("a/epoch.001.index", "b/epoch.001.index"))
    job = RescoringJob(scoring, combined, tk.Path("found.jsonl"), {"class": "HDFDataset", "files": []}, end_label="$")
    assert job.model_checkpoint.path.creator is combined.path.creator


def test_what_no_checkpoint_gives_is_told(models: Models) -> None:
    parts = models.parts("a/epoch.001.index", "b/epoch.001.index")
    with pytest.raises(nn.NetworkError, match="none of the 1 checkpoints gives .*decoder/language_model/"):
        combined_checkpoint(models.search(0.1), parts[:1])
    wrong = Preload(parts[1].checkpoint, name_map={"decoder/decoder/": ""})
    with pytest.raises(nn.NetworkError, match="missing in the checkpoint"):
        combined_checkpoint(models.search(0.1), [parts[0], wrong])


def test_first_part_gives_what_two_have(models: Models) -> None:
    parts = models.parts("a/epoch.001.index", "b/epoch.001.index")
    everything = Preload(Checkpoint(tk.Path("c/epoch.001.index")))
    job = combined_checkpoint(models.search(0.1), [*parts, everything]).path.creator
    assert isinstance(job, CombineCheckpointsJob)
    assert [len(names) > 0 for names in job.names] == [True, True, False]


def test_names_for_each_checkpoint() -> None:
    with pytest.raises(ValueError, match="1 checkpoints, but names for 2"):
        CombineCheckpointsJob([tk.Path("a/epoch.001.index")], [{}, {}])
