"""``./sis data``: what it prints of datasets of labels, of features and of recordings, and of what is not there."""

from __future__ import annotations

import pathlib
import wave
import zipfile
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.corpus.features import CorpusFeaturesJob
from jobs.data_view.recordings import extract_recordings, recordings_of
from jobs.data_view.sample import read_sample
from jobs.data_view.sample_text import example_text, histogram
from jobs.data_view.view import view_config
from jobs.speech_features import FestvoxFeaturesJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.characters import character_targets
from recipe.data.cmudict import LETTERS
from recipe.data.corpus.corpus import Corpus, Segment
from recipe.data.hdf import LabelStream, write_feature_hdf, write_label_hdf
from recipe.data.speech_dataset import log_mel_audio, ogg_zip_dataset, short_ones_first

from ..corpus.epochs import archive
from ..engines import WORDS, dataset


class Model(nn.Module):
    """The sum of its input is its loss."""

    def __init__(self, data: nn.ExternData):
        super().__init__()
        self.data, self.readout = data, nn.Linear(nn.Dim(2, "readout"))

    def forward(self) -> None:
        """The loss."""
        nn.reduce_sum(self.readout(nn.get_extern_data(self.data))).mark_as_loss("sum")


def letters() -> nn.Network:
    """A network that reads letters."""
    labels = nn.Dim(LETTERS.size, "letters", labels=LETTERS.labels)
    return nn.Network(Model(nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels)))


def frames() -> nn.Network:
    """A network that reads features."""
    dims = [nn.batch_dim, nn.Dim(None, "time"), nn.Dim(6, "features")]
    return nn.Network(Model(nn.ExternData("data", dims)))


def training(network: nn.Network, train: dict[str, Any], dev: dict[str, Any]) -> TrainingJob:
    """A training with the alias ``words/training``."""
    job = TrainingJob(network, train, dev, config={"batch_size": 9})
    job.add_alias("words/training")
    return job


def view(job: TrainingJob, *, examples: int = 2, most: int = 1000) -> int:
    """As ``./sis data configs/words.py`` calls it."""
    return view_config([job], ["configs/words.py", str(examples), str(most), "1", "."])


def test_labels_with_their_names_and_lengths(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = {**dataset(setup / "words.hdf", WORDS), "seq_ordering": "sorted"}
    assert view(training(letters(), data, data)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "words/training TrainingJob",
        "train: HDFDataset, seq_ordering sorted",
        "  4 sequences",
        f"  data: [time] of {len(LETTERS.labels)} labels, length 1 to 5, on average 2.5",
    ]
    assert "  word-a" in lines and "    data [1] a" in lines and "    classes [2] AH </s>" in lines
    assert lines[-1] == "dev: as train of words/training TrainingJob"
    assert not list(setup.glob("*.png"))


def test_only_the_first_sequences_are_counted(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = dataset(setup / "words.hdf", WORDS)
    assert view(training(letters(), data, data), examples=1, most=3) == 0
    text = capsys.readouterr().out
    assert "the first 3 sequences" in text and text.count("  word-") == 1


def test_names_of_labels_that_only_the_network_knows(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_label_hdf(str(setup / "x.hdf"), ["cab"], LabelStream([LETTERS.encode("cab")], LETTERS.labels), {})
    data = {"class": "HDFDataset", "files": [tk.Path(str(setup / "x.hdf"))], "cache_byte_size": 0}
    combined = {"class": "MetaDataset", "datasets": {"a": data}, "data_map": {"data": ("a", "data")}}
    assert view(training(letters(), combined, data)) == 0
    assert "    data [3] c a b" in capsys.readouterr().out


def test_features_as_a_picture(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = [numpy.random.default_rng(0).normal(size=(length, 6)).astype("float32") for length in (5, 9)]
    targets = {"classes": LabelStream([LETTERS.encode("ab"), LETTERS.encode("c")], LETTERS.labels)}
    write_feature_hdf(str(setup / "x.hdf"), ["$one", "two"], arrays, targets)
    data = {"class": "HDFDataset", "files": [tk.Path(str(setup / "x.hdf"))], "cache_byte_size": 0}
    assert view(training(frames(), data, data)) == 0
    text = capsys.readouterr().out
    assert "data: [time, 6] float32, length 5 to 9" in text and "data [5, 6] mean" in text
    (picture,) = setup.glob("*.png")
    assert picture.read_bytes().startswith(b"\x89PNG") and f"picture: {picture.name}" in text


def test_what_is_not_there_yet(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    features = FestvoxFeaturesJob(tk.Path(str(setup / "voice")), ["a"])
    features.add_alias("words/features")
    data = {"class": "HDFDataset", "files": [features.out_hdf["train"]]}
    own = {"class": "HDFDataset", "files": [tk.Path(str(setup / "mine.hdf"))]}
    assert view(training(frames(), data, own)) == 0
    text = capsys.readouterr().out
    assert (
        f"not there yet: work/{features.job_id()}/output/train.hdf; words/features FestvoxFeaturesJob makes it" in text
    )
    assert "./sis manager configs/words.py" in text and "not there yet: mine.hdf; no job makes it" in text


def test_recordings_of_features(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("wav", "lab"):
        (setup / "voice" / name).mkdir(parents=True)
    for number in range(40):
        with wave.open(str(setup / "voice" / "wav" / f"r{number}.wav"), "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(numpy.random.default_rng(number).integers(-900, 900, 4000).astype("<i2").tobytes())
        (setup / "voice" / "lab" / f"r{number}.lab").write_text("#\n0.25 100 a\n")
    features = FestvoxFeaturesJob(tk.Path(str(setup / "voice")), ["a"], num_mel=4, check=False)
    pathlib.Path(features._sis_path("output")).mkdir(parents=True)
    features.run()
    pathlib.Path(features._sis_path("finished")).touch()
    data = {"class": "HDFDataset", "files": [features.out_hdf["train"]], "cache_byte_size": 0}
    assert view(training(frames(), data, data), examples=1) == 0
    text = capsys.readouterr().out
    assert "  voice/wav/r" in text and "classes [1] a" in text


def test_archive_of_speech(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels and texts to read, sounds to listen to, features as a picture."""
    path = tk.Path(archive(setup / "talk.zip", {"talk/one ä": 0.3, "b b": 0.2}))
    labels = " ABEKLNOT/Ä"
    audio = log_mel_audio(num_mel=3, stack=2, speeds=(0.9,))
    data = ogg_zip_dataset(path, audio=audio, targets=character_targets(labels), seq_ordering="sorted")
    assert view(training(frames(), data, {**data, "seq_ordering": short_ones_first(num_epochs=1, then="random")})) == 0
    text = capsys.readouterr().out
    assert 'dev: OggZipDataset, seq_ordering functools.partial(sorted_first, num_epochs=1, then="random")\n' in text
    assert "  data: [time, 6] float32, length 11 to 16" in text
    assert "  raw: text\n" in text and "orth" not in text
    assert "  b b  words_training_TrainingJob_train_b_b.flac\n" in text
    assert "    classes [3] B ▁ B   (B B)\n    raw B B\n" in text
    assert "    classes [10] T A L K / O N E ▁ Ä   (TALK/ONE Ä)\n    raw TALK/ONE Ä\n" in text
    sounds = sorted(path.name for path in setup.glob("*.flac"))
    assert sounds[0] == "words_training_TrainingJob_dev_b_b.flac" and len(sounds) == 4
    with zipfile.ZipFile(setup / "talk.zip") as file:
        assert (setup / sounds[0]).read_bytes() == file.read("talk/0000001_b_b.flac")
    assert len(list(setup.glob("*.png"))) == 2


def test_archive_that_others_made(setup: pathlib.Path) -> None:
    """Without names of sequences, which then are those of the files."""
    with zipfile.ZipFile(setup / "talk.zip", "w") as file:
        file.writestr("talk.txt", repr([{"text": "a", "duration": 1.0, "file": "one.ogg"}]))
        file.writestr("talk/one.ogg", b"sound")
    options = {"class": "OggZipDataset", "path": [str(setup / "talk.zip")]}
    assert extract_recordings(options, ["one.ogg"], "x") == {"one.ogg": "x_one.ogg"}
    assert (setup / "x_one.ogg").read_bytes() == b"sound"


def test_recordings_of_features_of_a_corpus(setup: pathlib.Path) -> None:
    segments = (Segment("a", str(setup / "a.flac"), "A", "x"), Segment("b", str(setup / "b.flac"), "B", "x", 0.5, 1.5))
    Corpus(segments).write(str(setup / "corpus.jsonl.gz"))
    features = CorpusFeaturesJob(tk.Path(str(setup / "corpus.jsonl.gz")))
    assert recordings_of({"files": [features.out_hdf]}) == {"a": "a.flac", "b": "b.flac from 0.5 s to 1.5 s"}


def test_dataset_that_returnn_refuses(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (setup / "broken.hdf").write_text("no HDF")
    data = {"class": "HDFDataset", "files": [tk.Path(str(setup / "broken.hdf"))]}
    assert view(training(letters(), data, data)) == 1
    assert "  cannot be read: " in capsys.readouterr().out


def test_config_without_a_training(capsys: pytest.CaptureFixture[str]) -> None:
    assert view_config([], ["configs/words.py", "1", "1", "1", "."]) == 1
    assert "configs/words.py has no training" in capsys.readouterr().err


def test_histogram() -> None:
    assert list(histogram([1, 1, 3])) == [f"1 {'#' * 40} 2", "2", f"3 {'#' * 20} 1"]
    wide = list(histogram(range(100)))
    assert len(wide) == 10 and wide[0].split() == ["0", "to", "9", "#" * 40, "10"]


def test_long_sequences_are_shortened() -> None:
    text = example_text(numpy.zeros(100, "int32"), True, None)
    assert text.startswith("[100] 0 0") and text.endswith(" ...") and len(text) < 140
    assert example_text(numpy.zeros((0, 3)), False, None) == "[0, 3] empty"


def test_neither_engine_is_imported(setup: pathlib.Path) -> None:
    import subprocess
    import sys

    data = dataset(setup / "words.hdf", WORDS)
    options = {**data, "files": [str(setup / "words.hdf")]}
    code = (
        f"import sys; from {read_sample.__module__} import read_sample; "
        f"read_sample({options!r}, examples=1, most=2, epoch=1); print({{'tensorflow', 'torch'}} & set(sys.modules))"
    )
    environment = {"PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[3])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["set()"], done.stdout + done.stderr
