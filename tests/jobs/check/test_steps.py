"""Real steps of jobs with their own options: what they find before the queue, and nothing else does."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from sisyphus import tk

from jobs.check.check_config import check_steps
from jobs.check.job_steps import steps_of
from jobs.check.made_up_values import MadeUpValues
from jobs.forward import ForwardJob
from jobs.lexicon import LexiconToHdfJob
from jobs.perplexity import PerplexityJob
from jobs.rescoring import RescoringJob
from jobs.search import SearchJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, LETTERS, PHONES
from recipe.data.dataset import label_dataset
from recipe.data.hdf import LabelStream, write_label_hdf

from ..configs.tiny import tiny_model
from ..empty_setup import setup as setup
from ..engines import WORDS, dataset, random_checkpoints
from ..examples import CountJob

ADAM = {"batch_size": 1000, "max_seqs": 4, "optimizer": {"class": "adam"}, "learning_rate": 0.01}


@pytest.fixture
def place(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """Where files of steps stand while they are made."""
    place = tmp_path / "steps"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    yield place
    shutil.rmtree(place)


def waited_for(copies: int = 1) -> dict[str, Any]:
    """The data of a job that has not run."""
    arguments = {"end_label": END_LABEL, "letter_copies": copies}
    lexicon = LexiconToHdfJob(tk.Path("lexicon.tsv"), LETTERS.labels, PHONES.labels, **arguments)
    return label_dataset(lexicon.out_hdf, seq_ordering="laplace:.4")


def training(data: dict[str, Any], alias: str, *, network: Any = None, **options: Any) -> TrainingJob:
    """A training of the tiny model, with an alias."""
    job = TrainingJob(network or nn.Network(tiny_model(dropout=0.2)), data, data, **options)
    job.add_alias(alias)
    return job


def told(text: str) -> dict[str, tuple[str, str]]:
    """Of each step by its alias: its first line without seconds, and the others."""
    found: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        if not line.startswith(" "):
            alias = next(word for word in line.split() if word.startswith("exp/"))
            found[alias] = (line, "")
        else:
            first, rest = found[alias]
            found[alias] = (first, f"{rest}{line}\n")
    return found


def search(training: TrainingJob, alias: str, data: dict[str, Any], **options: Any) -> SearchJob:
    """A search with what a training gives."""
    network = nn.Network(tiny_model(dropout=0.2), search=nn.BeamSearch(3), max_seq_len=12)
    job = SearchJob(network, training.out_checkpoints[1], data, **options)
    job.add_alias(alias)
    return job


class ForwardModel(nn.Module):
    """An embedding of the phones."""

    def __init__(self) -> None:
        super().__init__()
        phones = nn.Dim(PHONES.size, "phones")
        self.classes = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=phones)
        self.embedding = nn.Embedding(phones, 3)

    def forward(self) -> nn.Tensor:
        """All of them."""
        return self.embedding(nn.get_extern_data(self.classes))


class LanguageModel(nn.Module):
    """Of the phones, by themselves alone."""

    def __init__(self) -> None:
        super().__init__()
        phones = nn.Dim(PHONES.size, "phones", labels=PHONES.labels)
        self.classes = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=phones)
        self.embedding, self.output = nn.Embedding(phones, 3), nn.Linear(phones)

    def forward(self) -> None:
        """Each label by itself."""
        labels = nn.get_extern_data(self.classes)
        nn.cross_entropy(self.output(self.embedding(labels)), labels).mark_as_loss("cross_entropy")


def test_steps_of_both_engines(tmp_path: pathlib.Path, place: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    """
    On the data that are there, or made-up ones; options for several processes and files are left out, and told.

    Of the faults, each graph is written without a word, and each network computes what NumPy does.
    """
    there = dataset(tmp_path / "words.hdf", WORDS)
    jobs = [*sound_jobs(tmp_path, there), *faulty_jobs(tmp_path, there)]
    assert check_steps(jobs) == 1
    steps = told(capfd.readouterr().out)
    assert len(steps) == len(jobs)
    _check_sound(steps)
    _check_faults(steps)


def sound_jobs(tmp_path: pathlib.Path, there: dict[str, Any]) -> list[Any]:
    """Trainings on data that are not there, and searches on data that are."""
    jobs: list[Any] = []
    for engine in ("tensorflow", "torch"):
        config = {**ADAM, "max_seq_length": 3, "load": "/nowhere/model"}
        first = training(waited_for(), f"exp/{engine}", config=config, engine=engine)
        jobs += [first, search(first, f"exp/search_{engine}", there)]
    network = nn.Network(ForwardModel())
    jobs.append(ForwardJob(network, random_checkpoints(tmp_path, network)["torch"], there))
    jobs[-1].add_alias("exp/forward")
    return jobs + scoring_jobs(tmp_path)


def scoring_jobs(tmp_path: pathlib.Path) -> list[Any]:
    """Rescorings of hypotheses that are not there, of data without labels; and by a language model."""
    network, language_model = nn.Network(tiny_model()), nn.Network(LanguageModel())
    for name in ("scoring", "language_model"):
        (tmp_path / name).mkdir()
    letters = tmp_path / "letters.hdf"
    write_label_hdf(str(letters), ["w"], LabelStream([LETTERS.encode("cab")], LETTERS.labels), {})
    data = {"class": "HDFDataset", "files": [tk.Path(str(letters))]}
    given = random_checkpoints(tmp_path / "scoring", network)
    torch = random_checkpoints(tmp_path / "language_model", language_model)["torch"]
    jobs = {
        **{f"rescoring_{engine}": (network, given[engine]) for engine in given},
        "rescoring_by_language_model": (language_model, torch),
    }
    found: list[Any] = []
    for name, (scoring, checkpoint) in jobs.items():
        job = RescoringJob(scoring, checkpoint, tk.Path("hypotheses.jsonl"), data, end_label=END_LABEL)
        found.append(job.add_alias(f"exp/{name}"))
    found.append(PerplexityJob(language_model, torch, waited_for()).add_alias("exp/perplexity"))
    return found


def _check_sound(steps: dict[str, tuple[str, str]]) -> None:
    for engine, title, score in (("tensorflow", "TensorFlow", "train_score"), ("torch", "PyTorch", "train_loss_")):
        line, notes = steps[f"exp/{engine}"]
        assert line.startswith("ran in ") and f" s: training step, {title}, exp/{engine} TrainingJob, " in line
        assert score in line and "  made-up train_data, dev_data: lexicon.hdf of LexiconToHdfJob " in notes
        assert "  without load, max_seq_length\n" in notes
        line, notes = steps[f"exp/search_{engine}"]
        assert f" s: search step, {title}, " in line and notes == "  on sequences of its own data\n"
        line, notes = steps[f"exp/rescoring_{engine}"]
        assert line.startswith("ran in ") and f" s: rescoring step, {title}, " in line
        assert notes == "  on sequences of its own data\n  made-up hypotheses\n"
    for name in ("rescoring_by_language_model", "perplexity"):
        assert steps[f"exp/{name}"][0].startswith("ran in "), steps[f"exp/{name}"]
    assert steps["exp/forward"][0].startswith("ran in ") and "forward step, PyTorch" in steps["exp/forward"][0]


FAULTS = {
    "beta": "ValueError: Invalid beta parameter at index 1: 1.5",
    "rate": "value cannot be converted to type float without overflow",
    "zero": "parameters are no numbers, though the score is: ",  # of labels that the step does not have
    "stream": "train_data: it has no stream 'classes'; it has: data",
    "control": "unknown learning-rate-control type newbob_twice",
    "search": "float99",
}
"""What is said, by the alias of the job."""


def write_letters_alone(path: pathlib.Path) -> pathlib.Path:
    """A file without classes."""
    write_label_hdf(str(path), ["a"], LabelStream([[1, 2]], LETTERS.labels), {})
    return path


def faulty_jobs(tmp_path: pathlib.Path, there: dict[str, Any]) -> list[Any]:
    """One for each of them."""
    without = {"class": "HDFDataset", "files": [str(write_letters_alone(tmp_path / "letters.hdf"))]}
    torch: dict[str, Any] = {"engine": "torch"}
    beta = {**ADAM, "optimizer": {"class": "adam", "betas": (0.9, 1.5)}}
    first = training(there, "exp/beta", config=beta, **torch)
    return [
        first,
        training(there, "exp/rate", config={**ADAM, "optimizer": {"class": "sgd"}, "learning_rate": 1e39}, **torch),
        training(there, "exp/zero", config={**ADAM, "optimizer": {"class": "adam", "epsilon": 0.0}}, **torch),
        training(without, "exp/stream", config=ADAM, **torch),
        training(there, "exp/control", config={**ADAM, "learning_rate_control": "newbob_twice"}),
        search(first, "exp/search", there, config={"torch_amp": "float99"}),
    ]


def _check_faults(steps: dict[str, tuple[str, str]]) -> None:
    for name, words in FAULTS.items():
        line, text = steps[f"exp/{name}"]
        assert line.startswith("FAILED after ") and words in text, (name, text)
        (directory,) = (line.partition(": ")[2] for line in text.splitlines() if "config and log: " in line)
        assert os.path.exists(f"{directory}/returnn.config") and os.path.exists(f"{directory}/returnn.log")


def test_what_waits_for_a_job(place: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """It is told, with what it waits for; stages are steps of their own, and the same step is made once."""
    waiting = training(waited_for(), "exp/waiting", config={**ADAM, "learning_rate": CountJob(3).out_scale})
    model = tiny_model()
    first = nn.Network(model)
    model.freeze()
    model.decoder.unfreeze()
    stages = nn.StagedNetwork({1: first, 3: nn.Network(model)})
    staged = training(waited_for(), "exp/staged", network=stages, config=ADAM, num_epochs=4)
    code = dataset(tmp_path / "words.hdf", WORDS) | {"seq_ordering": nn.PythonCode("'sorted'")}
    options = {"config": {**ADAM, "max_seq_length": 9, "horovod_reduce_type": "param"}, "post_config": {"load": "x"}}
    (step,), _ = steps_of([training(code, "exp/code", **options)], str(place / "code"), MadeUpValues())
    assert step.datasets == {"train_data.pkl": None, "dev_data.pkl": None} and step.notes == (
        """made-up train_data, dev_data: PythonCode("'sorted'") is known in a config alone""",
        "without horovod_reduce_type, load, max_seq_length",
    )
    config = (place / "code" / "0" / "returnn.config").read_text()
    assert "\nload = " not in config and "max_seq_length" not in config and "horovod" not in config
    searches = [search(staged, f"exp/{name}", waited_for(copies)) for copies, name in enumerate("ab", 1)]
    steps, lines = steps_of([waiting, staged, *searches], str(place), MadeUpValues())
    stage = "exp/staged TrainingJob, from epoch {} on"
    assert [step.title for step in steps] == [stage.format(1), stage.format(3), steps[2].title]
    assert steps[2].title in ("exp/a SearchJob", "exp/b SearchJob"), "one for both"
    assert lines == [f"not run, it waits for scale of CountJob {CountJob(3).job_id()[-12:-6]}: exp/waiting TrainingJob"]
    assert check_steps([]) == 0 and sorted(os.listdir(place)) == ["0", "1", "2", "code"], "nothing more is left"
    assert not staged.out_model_dir.get_path().startswith(str(place)), "the job itself stays as it is"
