"""Jobs that read corpora in the formats that they come in; all give the same kind of file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from sisyphus import Job, Task, tk

from recipe.data.corpus.bliss import read_bliss
from recipe.data.corpus.corpus import Corpus
from recipe.data.corpus.kaldi import read_kaldi
from recipe.data.corpus.lhotse_manifests import read_lhotse
from recipe.data.corpus.librispeech import read_librispeech
from recipe.data.corpus.ljspeech import read_ljspeech
from recipe.data.corpus.table import read_table


class CorpusReadingJob(Job):
    """Base of jobs that read a corpus: ``out_corpus`` has its segments, with the paths of the recordings."""

    def __init__(self) -> None:
        self.out_corpus = self.output_path("corpus.jsonl.gz")

        self.rqmt = {"cpu": 1, "mem": 2, "time": 1, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task; it lists directories and opens no recording."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Reads the corpus.

        :raises ValueError: at what is malformed; the message names file and line
        :raises FileNotFoundError: if something is not there
        """
        self.read().write(self.out_corpus.get_path())

    def read(self) -> Corpus:
        """The corpus."""
        raise NotImplementedError


class LibriSpeechCorpusJob(CorpusReadingJob):
    """
    Parts of LibriSpeech, or of what has its layout.

    :param directory: that has the parts in it
    :param parts: one or several of "train-clean-100", "train-clean-360", "train-other-500", "dev-clean", "dev-other",
        "test-clean", "test-other", or of other names
    """

    def __init__(self, directory: tk.Path, parts: str | Sequence[str]):
        super().__init__()
        self.directory = directory
        self.parts = [parts] if isinstance(parts, str) else list(parts)

    def read(self) -> Corpus:
        """The corpus."""
        return read_librispeech(self.directory.get_path(), self.parts)


class KaldiCorpusJob(CorpusReadingJob):
    """
    A data directory of Kaldi: ``wav.scp``, ``text``, and ``segments`` and ``utt2spk`` where they are.

    :param directory: the data directory
    :param run_pipes: whether to run commands of ``wav.scp`` in a shell; what they print is kept in the job's directory.
        Default: they are refused, except those that only decode a file
    """

    __sis_hash_exclude__ = {"run_pipes": False}

    def __init__(self, directory: tk.Path, *, run_pipes: bool = False):
        super().__init__()
        self.directory = directory
        self.run_pipes = run_pipes
        self.out_audio = self.output_path("audio", directory=True) if run_pipes else None

    def read(self) -> Corpus:
        """
        The corpus.

        :raises RuntimeError: if a command fails
        """
        return read_kaldi(self.directory.get_path(), run_pipe=self._run_pipe if self.run_pipes else None)

    def _run_pipe(self, name: str, command: str) -> str:
        assert self.out_audio is not None
        file_name = name.replace("%", "%25").replace("/", "%2F") + ".wav"  # two names are never one file
        path = os.path.join(self.out_audio.get_path(), file_name)
        with open(path + ".part", "wb") as file:
            done = subprocess.run(
                ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, check=False
            )
        if done.returncode or not os.path.getsize(path + ".part"):
            said = done.stderr.decode(errors="replace").strip()[-300:]
            raise RuntimeError(f"the command of {name} in wav.scp failed (status {done.returncode}): {command}\n{said}")
        os.replace(path + ".part", path)
        return path


class BlissCorpusJob(CorpusReadingJob):
    """
    A corpus as bliss XML, as RASR and i6 have it; plain or gzip, with those that it includes.

    :param bliss: the file
    :param audio_directory: what paths of recordings are relative to; default: the directory of the file
    """

    __sis_hash_exclude__ = {"audio_directory": None}

    def __init__(self, bliss: tk.Path, *, audio_directory: tk.Path | None = None):
        super().__init__()
        self.bliss = bliss
        self.audio_directory = audio_directory

    def read(self) -> Corpus:
        """The corpus."""
        return read_bliss(self.bliss.get_path(), audio_directory=_path(self.audio_directory))


class LjSpeechCorpusJob(CorpusReadingJob):
    """
    LJSpeech, or what has its layout: ``metadata.csv`` and ``wavs/``.

    :param directory: that has both in it
    :param speaker: the name of the reader
    :param normalised: whether to take the text with numbers and abbreviations as words
    """

    def __init__(self, directory: tk.Path, *, speaker: str = "LJ", normalised: bool = True):
        super().__init__()
        self.directory = directory
        self.speaker = speaker
        self.normalised = normalised

    def read(self) -> Corpus:
        """The corpus."""
        return read_ljspeech(self.directory.get_path(), speaker=self.speaker, normalised=self.normalised)


class TableCorpusJob(CorpusReadingJob):
    """
    A table with TAB between its columns: ``audio`` and ``text``, and ``name``, ``speaker``, ``start``, ``end`` where
    they are. Their names stand in its first line, or are given.

    :param table: the file
    :param columns: names of the columns in the file by ours, where they differ, as for Common Voice
        ``{"audio": "path", "text": "sentence", "speaker": "client_id"}``; or the names of all columns of a file whose
        first line has none, as ``["audio", "text"]``
    :param audio_directory: what paths are relative to; default: the directory of the file
    """

    __sis_hash_exclude__ = {"columns": None, "audio_directory": None}

    def __init__(
        self,
        table: tk.Path,
        *,
        columns: Mapping[str, str] | Sequence[str] | None = None,
        audio_directory: tk.Path | None = None,
    ):
        super().__init__()
        self.table = table
        self.columns = columns
        self.audio_directory = audio_directory

    def read(self) -> Corpus:
        """The corpus."""
        audio_directory = _path(self.audio_directory)
        return read_table(self.table.get_path(), columns=self.columns, audio_directory=audio_directory)


class LhotseCorpusJob(CorpusReadingJob):
    """
    Manifests of lhotse, as ``lhotse prepare`` writes them for about a hundred corpora.

    :param recordings: ``recordings.jsonl.gz``
    :param supervisions: ``supervisions.jsonl.gz``
    :param audio_directory: what paths of recordings are relative to; default: the setup's directory
    """

    __sis_hash_exclude__ = {"audio_directory": None}

    def __init__(self, recordings: tk.Path, supervisions: tk.Path, *, audio_directory: tk.Path | None = None):
        super().__init__()
        self.recordings = recordings
        self.supervisions = supervisions
        self.audio_directory = audio_directory

    def read(self) -> Corpus:
        """The corpus."""
        audio_directory = _path(self.audio_directory)
        return read_lhotse(self.recordings.get_path(), self.supervisions.get_path(), audio_directory=audio_directory)


def _path(path: tk.Path | None) -> str | None:
    return None if path is None else str(path.get_path())
