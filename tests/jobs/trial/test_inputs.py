"""Input of one's own for a network: labels of a text, features of a recording, and what does not fit."""

from __future__ import annotations

import pathlib
import wave

import numpy
import pytest

from jobs.inspection.job_names import Setup
from jobs.inspection.saved_job import InspectionError
from jobs.trial.inputs import features_behind, feeds_of, frames, indices
from recipe import nn
from recipe.data.speech_dataset import in_processes, log_mel_audio, ogg_zip_dataset, raw_audio

from ...recipe.data.corpus.examples import write_sound
from ..corpus.epochs import archive, epoch_of

LETTERS = nn.Dim(4, "letters", labels=["$", "a", "b", "c"])
PHONES = nn.Dim(3, "phones", labels=["AH", "B", "sil"])


def test_characters_and_words() -> None:
    assert indices("abC", LETTERS) == [1, 2, 3]
    assert indices("b ah  SIL", PHONES) == [1, 0, 2]


@pytest.mark.parametrize(
    "text, dim, message",
    [
        ("abx", LETTERS, r"'x' in 'abx' is no label of letters=4. There are: \$ a b c"),
        ("AH si", PHONES, "'si' in 'AH si' is no label of phones=3. Did you mean 'sil'"),
        (" ", PHONES, "an input is empty"),
        ("ab", nn.Dim(4, "letters"), "have no names"),
    ],
)
def test_texts_that_do_not_fit(text: str, dim: nn.Dim, message: str) -> None:
    with pytest.raises(InspectionError, match=message):
        indices(text, dim)


def network(*data: nn.ExternData) -> nn.Network:
    """One that returns its inputs."""
    return nn.Network(lambda: tuple(nn.get_extern_data(one) for one in data))


def test_a_batch_of_texts() -> None:
    data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=LETTERS)
    (value, lengths) = feeds_of(network(data), ["ab", "c"], {})["data"]
    assert value.tolist() == [[1, 2], [3, 0]] and lengths.tolist() == [2, 1]
    other = nn.ExternData("other", [nn.batch_dim, nn.Dim(None, "other_time")], sparse_dim=LETTERS)
    with pytest.raises(InspectionError, match="has the inputs data, other; only one"):
        feeds_of(network(data, other), ["ab"], {})


def test_a_recording_has_the_features_of_its_data(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "tone.wav"
    samples = (8000 * numpy.sin(numpy.arange(16000) / 5)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    found = frames(str(path), 40, {"num_mel": 20, "stack": 2})
    assert found.shape[1] == 40 and 40 < len(found) < 60
    numpy.save(tmp_path / "tone.npy", found)
    assert numpy.array_equal(frames(str(tmp_path / "tone.npy"), 40, {}), found)
    for size, features, message in [
        (120, {"num_mel": 20, "stack": 2}, r"wants \[time, 120\]"),
        (40, {}, "is not known: give a .npy"),
    ]:
        with pytest.raises(InspectionError, match=message):
            frames(str(path), size, features)
    (tmp_path / "noise.wav").write_bytes(b"no recording")
    with pytest.raises(InspectionError, match="no readable WAV file"):
        frames(str(tmp_path / "noise.wav"), 40, {"num_mel": 20, "stack": 2})


def test_a_recording_has_the_features_of_an_archive(tmp_path: pathlib.Path) -> None:
    """Those that RETURNN would compute, also where other processes would read it."""
    path = archive(tmp_path / "corpus.zip", {"sound": 0.3})
    write_sound(tmp_path / "sound.flac", "sound", 0.3)
    data = ogg_zip_dataset(path, audio=log_mel_audio(num_mel=8, stack=3, normalise=False), targets=None)
    features = features_behind(Setup(str(tmp_path)), in_processes(data, 2))
    assert features == {"num_mel": 8, "stack": 3, "normalise": False}
    wanted = epoch_of(data)["sound"]["data"]
    assert numpy.array_equal(frames(str(tmp_path / "sound.flac"), 24, features), wanted)
    assert features_behind(Setup(str(tmp_path)), {**data, "audio": raw_audio()}) == {}
