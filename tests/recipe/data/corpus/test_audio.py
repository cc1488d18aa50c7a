"""Sound files: what is read and written, and what is told of broken ones."""

from __future__ import annotations

import io
import pathlib
import struct

import numpy
import pytest
import soundfile

from recipe.data.corpus.audio import encoded, file_duration, read_segment, segment_duration
from recipe.data.corpus.corpus import Segment
from recipe.data.corpus.ogg_pages import with_serial_number

from .examples import RATE, noise, write_sound


def piece(path: pathlib.Path, start: float = 0.0, end: float | None = None) -> Segment:
    """A segment of a recording."""
    return Segment("piece", str(path), "", "x", start, end)


@pytest.mark.parametrize("ending", ["flac", "ogg", "wav"])
def test_pieces(tmp_path: pathlib.Path, ending: str) -> None:
    path = tmp_path / f"sound.{ending}"
    write_sound(path, "sound", 0.5)
    samples, rate = read_segment(piece(path, 0.1, 0.3))
    assert (rate, len(samples), samples.dtype) == (RATE, 1600, numpy.dtype("float32"))
    wanted = noise("sound", 0.5)[800:2400]
    assert numpy.abs(samples - wanted).max() <= (0.3 if ending == "ogg" else 0)
    assert segment_duration(piece(path, 0.1)) == pytest.approx(0.4) and file_duration(str(path)) == 0.5
    assert len(read_segment(piece(path, 0.1, 0.5001))[0]) == 3200, "times in files are rounded"


@pytest.mark.parametrize("ending", ["flac", "ogg", "wav"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.97])
def test_truncated(tmp_path: pathlib.Path, ending: str, share: float) -> None:
    path = tmp_path / f"sound.{ending}"
    write_sound(path, "sound", 0.5)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match=f"{path}: broken audio"):
        read_segment(piece(path))


@pytest.mark.parametrize("ending", ["flac", "ogg"])
def test_changed_bytes(tmp_path: pathlib.Path, ending: str) -> None:
    """What has checksums; a WAV file has none."""
    path = tmp_path / f"sound.{ending}"
    write_sound(path, "sound", 5.0)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 100] = bytes(100)
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match=f"{path}: broken audio"):
        read_segment(piece(path))


def test_what_is_no_sound(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sound.flac"
    with pytest.raises(ValueError, match=f"{path}: there is no such recording"):
        read_segment(piece(path))
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=f"{path}: broken audio: it is empty"):
        read_segment(piece(path))
    with pytest.raises(ValueError, match=f"{tmp_path}: broken audio: it is no file but a directory"):
        read_segment(piece(tmp_path))
    for samples, why in ((numpy.full(800, numpy.nan), "NaN"), (numpy.zeros(0), "the recording has no samples")):
        soundfile.write(tmp_path / "float.wav", samples, RATE, "FLOAT")
        with pytest.raises(ValueError, match=f"float.wav: broken audio .segment piece.: .*{why}"):
            read_segment(piece(tmp_path / "float.wav"))
    soundfile.write(path, numpy.zeros((800, 2)), RATE)
    with pytest.raises(ValueError, match=f"{path}: 2 channels; a mono recording is wanted"):
        read_segment(piece(path))
    write_sound(path, "sound", 0.5)
    with pytest.raises(ValueError, match=f"{path}: segment piece is from 0.4 to 0.9 s, but the recording has 0.5 s"):
        read_segment(piece(path, 0.4, 0.9))


def test_wav_that_was_streamed_does_not_know_its_size(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sound.wav"
    write_sound(path, "sound", 0.5)
    content = bytearray(path.read_bytes())
    for size in (0xFFFFFFFF, 0x7FFFF024):
        struct.pack_into("<I", content, 4, size)
        path.write_bytes(bytes(content))
        numpy.testing.assert_array_equal(read_segment(piece(path))[0], noise("sound", 0.5))


def test_serial_numbers_of_ogg() -> None:
    """The checksums of all pages are right, as libsndfile's own are with its number."""
    files = []
    for _ in range(2):
        buffer = io.BytesIO()
        with soundfile.SoundFile(buffer, "w", RATE, 1, format="OGG", subtype="VORBIS") as file:
            file.write(noise("sound", 2.0))
        files.append(buffer.getvalue())
        (serial,) = struct.unpack_from("<I", files[-1], 14)
        assert with_serial_number(files[-1], serial) == files[-1]
    assert with_serial_number(files[0], 7) == with_serial_number(files[1], 7)
    sound, _ = soundfile.read(io.BytesIO(with_serial_number(files[0], 7)))
    numpy.testing.assert_array_equal(sound, soundfile.read(io.BytesIO(files[0]))[0])
    with pytest.raises(ValueError, match="byte 0 begins no page"):
        with_serial_number(b"x" * 100, 1)


def test_long_sound_as_ogg() -> None:
    content = encoded(numpy.sin(numpy.arange(600 * RATE, dtype="float32") / 20) / 2, RATE, "ogg")
    assert soundfile.info(io.BytesIO(content)).frames == 600 * RATE
