"""Log-mel features."""

from __future__ import annotations

import pathlib
import wave

import numpy
import pytest

from recipe.data.log_mel import log_mel, normalised, read_wav, stacked_frames


def write_wav(path: pathlib.Path, samples: numpy.ndarray, *, rate: int = 16_000, channels: int = 1) -> str:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return str(path)


def tone(frequency: float, seconds: float = 0.5, rate: int = 16_000) -> numpy.ndarray:
    return 0.5 * numpy.sin(2 * numpy.pi * frequency * numpy.arange(int(seconds * rate)) / rate)


def test_a_higher_tone_has_its_energy_in_a_higher_band(tmp_path: pathlib.Path) -> None:
    bands = []
    for frequency in (300.0, 1000.0, 3000.0):
        samples, rate = read_wav(write_wav(tmp_path / "tone.wav", tone(frequency)))
        features = log_mel(samples, rate)
        assert features.shape == (50, 40) and features.dtype == numpy.float32
        bands.append(int(features.mean(axis=0).argmax()))
    assert bands == sorted(bands) and bands[0] < bands[1] < bands[2]


def test_normalised_and_stacked() -> None:
    features = numpy.random.default_rng(0).normal(3.0, 2.0, (10, 4)).astype("float32")
    normal = normalised(features)
    numpy.testing.assert_allclose(normal.mean(axis=0), 0.0, atol=1e-5)
    numpy.testing.assert_allclose(normal.std(axis=0), 1.0, atol=1e-3)
    three = stacked_frames(features, 3)
    assert three.shape == (3, 12)
    numpy.testing.assert_array_equal(three[1], features[3:6].reshape(-1))


def test_other_recordings_are_refused(tmp_path: pathlib.Path) -> None:
    stereo = write_wav(tmp_path / "stereo.wav", tone(300.0), channels=2)
    with pytest.raises(ValueError, match="a mono recording of 16 bits is wanted, not 2 channels of 16 bits"):
        read_wav(stereo)
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"text\.wav: no readable WAV file"):
        read_wav(str(tmp_path / "text.wav"))
