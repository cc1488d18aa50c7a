"""Sound files (FLAC, OGG, WAV, ... by libsndfile): how long they are, their samples, and pieces of them as files."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy

from .corpus import Segment
from .ogg_pages import with_serial_number
from .truncated_files import why_truncated

FORMATS = {"flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"), "wav": ("WAV", "PCM_16")}
"""libsndfile's names of a format and what is in it, by the ending of a file."""


def file_duration(path: str) -> float:
    """
    Seconds of a recording, from its header.

    :raises ValueError: if it cannot be read
    """
    with _opened(path) as file:
        return float(file.frames / file.samplerate)


def read_segment(segment: Segment) -> tuple[numpy.ndarray, int]:
    """
    The samples of a segment, decoded to the last.

    :return: [samples] float32, -1 to 1, and the sampling rate in Hz
    :raises ValueError: if the recording cannot be read, is not mono, or is shorter than its header or the segment says
    """
    with _opened(segment.audio) as file:
        if file.channels != 1:
            raise ValueError(
                f"{segment.audio}: {file.channels} channels; a mono recording is wanted (sox IN OUT remix 1 takes the "
                "first channel, remix - all of them)"
            )
        rate = int(file.samplerate)
        start, end = _frames(segment, file.frames, rate)
        try:
            file.seek(start)
            samples = file.read(end - start, dtype="float32")
        except _errors() as error:
            raise ValueError(
                f"{segment.audio}: broken audio (segment {segment.name}): {str(error).rstrip('.')}"
            ) from error
    if len(samples) != end - start:
        raise ValueError(
            f"{segment.audio}: broken audio (segment {segment.name}): it ends after {len(samples)} of "
            f"{end - start} samples"
        )
    if not numpy.isfinite(samples).all():
        raise ValueError(f"{segment.audio}: broken audio (segment {segment.name}): some samples are NaN or infinite")
    return samples, rate


def segment_duration(segment: Segment) -> float:
    """
    Seconds of a segment, from the header of its recording where it has no end.

    :raises ValueError: as :func:`read_segment`, but for what stands behind the header
    """
    with _opened(segment.audio) as file:
        start, end = _frames(segment, file.frames, int(file.samplerate))
        return float((end - start) / file.samplerate)


def encoded(samples: numpy.ndarray, rate: int, ending: str) -> bytes:
    """
    A sound file; the same samples give the same bytes.

    :param samples: [samples], -1 to 1
    :param ending: of :data:`FORMATS`
    """
    import soundfile

    name, subtype = FORMATS[ending]
    if subtype == "PCM_16":
        samples = numpy.clip(numpy.round(samples * 32768.0), -32768, 32767).astype("int16")
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, 1, format=name, subtype=subtype) as file:
        for start in range(0, len(samples), _BLOCK):  # at once, libvorbis's stack overflows on long ones
            file.write(samples[start : start + _BLOCK])
    content = buffer.getvalue()
    return with_serial_number(content, 1) if name == "OGG" else content


_BLOCK = 1 << 16


def segment_file(segment: Segment, ending: str) -> tuple[bytes, float]:
    """
    A segment as a sound file, and its seconds. A whole recording that has this format already is taken as it is.

    :param ending: of :data:`FORMATS`
    :raises ValueError: as :func:`read_segment`
    """
    samples, rate = read_segment(segment)
    if segment.is_whole_file and os.path.splitext(segment.audio)[1].lower() == f".{ending}":
        with open(segment.audio, "rb") as file:
            return file.read(), len(samples) / rate
    return encoded(samples, rate, ending), len(samples) / rate


def _opened(path: str) -> Any:
    import soundfile

    if not os.path.exists(path):
        raise ValueError(f"{path}: there is no such recording")
    if not os.path.isfile(path):
        raise ValueError(f"{path}: broken audio: it is no file but a directory, or what is like one")
    truncated = why_truncated(path)
    if truncated is not None:
        raise ValueError(f"{path}: broken audio: {truncated}")
    try:
        return soundfile.SoundFile(path)
    except _errors() as error:
        raise ValueError(f"{path}: broken audio: {str(error).rstrip('.')}") from error


def _errors() -> tuple[type[Exception], ...]:
    import soundfile

    return soundfile.SoundFileError, OSError, RuntimeError


def _frames(segment: Segment, frames: int, rate: int) -> tuple[int, int]:
    """The first sample of a segment, and the one behind its last."""
    if not frames:
        raise ValueError(f"{segment.audio}: broken audio (segment {segment.name}): the recording has no samples")
    start = round(segment.start * rate)
    end = frames if segment.end is None else round(segment.end * rate)
    if frames < end <= frames + rate // 10:  # times in files are rounded
        end = frames
    if not start < end <= frames:
        raise ValueError(
            f"{segment.audio}: segment {segment.name} is from {segment.start:g} to "
            f"{'its end' if segment.end is None else f'{segment.end:g}'} s, but the recording has {frames / rate:g} s"
        )
    return start, end
