"""The job that makes an archive for RETURNN's OggZipDataset."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from sisyphus import Task, tk

from recipe.data.corpus.corpus import Corpus, Segment
from recipe.data.corpus.in_order import in_order
from recipe.data.corpus.ogg_zip import Entry, write_ogg_zip

from ..unhashed import JobWithUnhashedArguments
from .check import naming_the_check

_FORMATS = ("flac", "ogg", "wav")


class OggZipJob(JobWithUnhashedArguments):
    """
    The segments of a corpus as an archive for RETURNN's OggZipDataset, cut and encoded; the same input gives the same
    bytes.

    :param corpus: as the reading jobs give it
    :param audio_format: "ogg" (Vorbis, a tenth of the size), "flac" (as the recording is) or "wav"; whole recordings
        of this format are taken as they are
    :param cpu_rqmt: processes that decode and encode; not hashed
    :param time_rqmt: hours; not hashed
    """

    unhashed = ("cpu_rqmt", "time_rqmt")

    def __init__(self, corpus: tk.Path, *, audio_format: str = "flac", cpu_rqmt: int = 2, time_rqmt: float = 4):
        if audio_format not in _FORMATS:
            raise ValueError(f"audio_format={audio_format!r}: there is {', '.join(_FORMATS)}")
        self.corpus = corpus
        self.audio_format = audio_format

        self.out_zip = self.output_path("corpus.zip")
        self.out_num_seqs = self.output_var("num_seqs")
        self.out_seconds = self.output_var("seconds")

        self.rqmt = {"cpu": cpu_rqmt, "mem": 2 + cpu_rqmt * 0.5, "time": time_rqmt, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Writes the archive.

        :raises ValueError: at a recording that cannot be read or is shorter than a segment of it
        """
        from recipe.data.corpus import audio  # noqa: F401 - before other processes are forked

        corpus = Corpus.read(self.corpus.get_path())
        seconds = 0.0

        def counted() -> Iterator[Entry]:
            nonlocal seconds
            make = functools.partial(_entry, audio_format=self.audio_format)
            for entry in naming_the_check(in_order(make, corpus, int(self.rqmt["cpu"]))):
                seconds += entry.seconds
                yield entry

        self.out_num_seqs.set(write_ogg_zip(self.out_zip.get_path(), counted(), self.audio_format))
        self.out_seconds.set(round(seconds, 3))


def _entry(segment: Segment, audio_format: str) -> Entry:
    from recipe.data.corpus.audio import segment_file

    content, seconds = segment_file(segment, audio_format)
    return Entry(segment.name, segment.text, segment.speaker, seconds, content)
