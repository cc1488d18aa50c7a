"""The job that writes a Festival voice in the layout of LibriSpeech."""

from __future__ import annotations

import collections
import gzip
import os
import shutil
from collections.abc import Iterator

from sisyphus import Job, Task, tk

from recipe.data.festvox import read_recordings

from ..atomic_file import replacing


class FestvoxToLibriSpeechJob(Job):
    """
    The recordings of a Festival voice, as Debian's ``festvox-ru``, in exactly the layout of LibriSpeech: all seven
    parts, FLAC, folders of speakers and chapters, transcripts in upper case. For trying out what is made for
    LibriSpeech; the one reader is divided into made-up speakers, always in the same way.

    :param voice: directory in which, or below which, ``wav``, ``lab`` and ``etc`` stand
    :param limit: take so many recordings, at least 20; default: all
    """

    __sis_hash_exclude__ = {"limit": None}

    def __init__(self, voice: tk.Path, *, limit: int | None = None):
        if limit is not None and limit < 20:
            raise ValueError(f"limit={limit}: at least 20 recordings are needed, for all parts of LibriSpeech")
        self.voice = voice
        self.limit = limit

        self.out_directory = self.output_path("LibriSpeech", directory=True)
        self.out_lm_text = self.output_path("librispeech-lm-norm.txt.gz")

        self.rqmt = {"cpu": 1, "mem": 1, "time": 1, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Writes all parts, and the transcripts of training as text for language models.

        :raises FileNotFoundError: if there are no recordings
        :raises ValueError: at a recording or a text that cannot be read
        """
        from recipe.data.corpus.festvox_librispeech import (
            Placed,
            normalised_text,
            place_recordings,
            speakers_text,
            write_chapter,
        )

        placed = place_recordings(read_recordings(self.voice.get_path()), self.limit)
        chapters: dict[tuple[str, int, int], list[Placed]] = collections.defaultdict(list)
        for one in placed:
            chapters[one.part, one.speaker, one.chapter].append(one)
        part = os.path.abspath("LibriSpeech.part")
        shutil.rmtree(part, ignore_errors=True)
        minutes: dict[tuple[str, int], float] = collections.defaultdict(float)
        for (name, speaker, _), of_chapter in chapters.items():
            minutes[name, speaker] += write_chapter(part, of_chapter) / 60
        with open(os.path.join(part, "SPEAKERS.TXT"), "w", encoding="utf-8") as file:
            file.write(speakers_text(minutes, sex="M", name="One Reader"))
        sentences = [normalised_text(one.recording.text) for one in placed if one.part.startswith("train-")]
        with replacing(self.out_lm_text) as path, open(path, "wb") as raw:
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as text:
                text.write("".join(f"{sentence}\n" for sentence in sentences).encode())
        target = self.out_directory.get_path()
        shutil.rmtree(target)
        os.replace(part, target)
