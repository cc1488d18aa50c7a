"""The data of the LibriSpeech systems: where the corpus is, its archives, subwords, texts, references."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from sisyphus import gs, tk

from configs.librispeech_sizes import Recogniser, Sizes
from jobs.corpus.festvox_librispeech import FestvoxToLibriSpeechJob
from jobs.corpus.ogg_zip import OggZipJob
from jobs.corpus.reading import LibriSpeechCorpusJob
from jobs.corpus.texts import CorpusReferencesJob, CorpusTextJob
from jobs.debian_package import DebianPackageJob
from jobs.subwords.training import SentencePieceTrainingJob
from jobs.text.blocks import TextBlocksJob
from recipe import nn
from recipe.data.speech_dataset import length_buckets, log_mel_audio, ogg_zip_dataset
from recipe.data.subwords import sentence_pieces
from recipe.data.text_dataset import text_blocks_dataset, text_dataset

DEV_PARTS = ("dev-clean", "dev-other")
SCORED_PARTS = (*DEV_PARTS, "test-clean", "test-other")
TUNED_PART = "dev-other"
"""Scales are tuned on it alone."""

MINIATURE_RECORDINGS = 300


@dataclasses.dataclass(frozen=True)
class Source:
    """
    Where the corpus is.

    :ivar directory: has ``train-clean-100`` and the other parts in it
    :ivar text: ``librispeech-lm-norm.txt.gz``
    """

    directory: tk.Path
    text: tk.Path


def librispeech() -> Source:
    """
    LibriSpeech on this machine: ``LIBRISPEECH`` in settings.py or in the environment names the directory
    ``LibriSpeech``, ``LIBRISPEECH_TEXT`` the file ``librispeech-lm-norm.txt.gz``, if that is not in it.

    Ids of jobs do not depend on where it is.

    :raises ValueError: if that is not said, or there is no such directory or file
    """
    directory = named_path("LIBRISPEECH")
    if directory is None:
        raise ValueError(
            "where is LibriSpeech? Give the directory that has train-clean-100 and the other parts in it, as "
            "LIBRISPEECH in settings.py or in the environment: LIBRISPEECH=/data/LibriSpeech ./sis manager "
            "configs/librispeech.py. Without the corpus, configs/librispeech.mini runs all of it on a miniature"
        )
    text = named_path("LIBRISPEECH_TEXT") or os.path.join(directory, "librispeech-lm-norm.txt.gz")
    missing = [path for path in (os.path.join(directory, "train-clean-100"), text) if not os.path.exists(path)]
    if missing:
        raise ValueError(
            f"LIBRISPEECH is {directory!r}, but there is no {' and no '.join(missing)}. The text for language models "
            "comes from https://www.openslr.org/11; LIBRISPEECH_TEXT says where it is, if not with the corpus"
        )
    return Source(
        tk.Path(directory, hash_overwrite="LibriSpeech"),
        tk.Path(text, hash_overwrite="librispeech-lm-norm.txt.gz"),
    )


def named_path(name: str) -> str | None:
    """What the settings, or else the environment, say of a path; absolute."""
    value = getattr(gs, name, None) or os.environ.get(name)
    return os.path.abspath(os.path.expanduser(value)) if value else None


def miniature() -> Source:
    """A miniature in the same layout, made of Debian's ``festvox-ru``."""
    job = FestvoxToLibriSpeechJob(DebianPackageJob("festvox-ru").out_directory, limit=MINIATURE_RECORDINGS)
    job.add_alias("librispeech_mini/corpus")
    return Source(job.out_directory, job.out_lm_text)


class Data:
    """
    What jobs make of the corpus; a job is made when it is asked for.

    :param source: where the corpus is
    :param sizes: which parts are trained on, and what jobs ask for
    """

    def __init__(self, source: Source, sizes: Sizes):
        self.source, self.sizes = source, sizes
        self._labels: dict[int, nn.Dim] = {}

    def corpus(self, *parts: str) -> tk.Path:
        """The segments of parts."""
        return LibriSpeechCorpusJob(self.source.directory, list(parts)).out_corpus

    def archive(self, *parts: str) -> tk.Path:
        """The recordings of parts as an archive, FLAC as they are."""
        request = self.sizes.preparation
        job = OggZipJob(self.corpus(*parts), cpu_rqmt=request.cpu, time_rqmt=request.time)
        job.add_alias(f"{self.sizes.name}/archive_{'_'.join(parts)}")
        return job.out_zip

    def references(self, part: str) -> CorpusReferencesJob:
        """What is said in a part, for scoring."""
        return CorpusReferencesJob(self.corpus(part))

    def subwords(self, units: int) -> SentencePieceTrainingJob:
        """BPE of the training transcripts."""
        transcripts = CorpusTextJob(self.corpus(*self.sizes.train_parts)).out_text
        job = SentencePieceTrainingJob(transcripts, size=units)
        job.add_alias(f"{self.sizes.name}/subwords_{units}")
        return job

    def labels(self, units: int) -> nn.Dim:
        """The dim of the subwords, one for all models that are searched with together."""
        if units not in self._labels:
            self._labels[units] = nn.Dim(units, f"subwords_{units}", labels=self.subwords(units).out_labels)
        return self._labels[units]

    def training_data(self, recogniser: Recogniser) -> tuple[dict[str, Any], dict[str, Any]]:
        """Speech with the labels that are trained on, at other speeds and in buckets of length; and that of dev."""
        targets = sentence_pieces(self.subwords(recogniser.units).out_model, end_label=False)
        train = ogg_zip_dataset(
            [self.archive(part) for part in self.sizes.train_parts],
            audio=log_mel_audio(num_mel=self.sizes.mel, speeds=self.sizes.speeds),
            targets=targets,
            seq_ordering=length_buckets(1000),
            partition_epoch=self.sizes.partition_epoch,
        )
        archives = [self.archive(part) for part in DEV_PARTS]
        audio = log_mel_audio(num_mel=self.sizes.mel)
        return train, ogg_zip_dataset(archives, audio=audio, targets=targets, seq_ordering="sorted")

    def recordings(self, part: str) -> dict[str, Any]:
        """Speech alone, to be recognised."""
        audio = log_mel_audio(num_mel=self.sizes.mel)
        return ogg_zip_dataset(self.archive(part), audio=audio, targets=None, seq_ordering="sorted")

    def text_data(self, units: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """For language models: LibriSpeech's text with the training transcripts, and the transcripts of dev."""
        labels = sentence_pieces(self.subwords(units).out_model)
        transcripts = CorpusTextJob(self.corpus(*self.sizes.train_parts)).out_text
        blocks = TextBlocksJob([self.source.text, transcripts], blocks=self.sizes.text_blocks).out_blocks
        train = text_blocks_dataset(blocks, labels, partition_epoch=self.sizes.text_partition)
        return train, self.text_dev(units)

    def text_dev(self, units: int) -> dict[str, Any]:
        """The transcripts of dev."""
        labels = sentence_pieces(self.subwords(units).out_model)
        return text_dataset(self.transcripts(*DEV_PARTS), labels, seq_ordering="sorted")

    def transcripts(self, *parts: str) -> tk.Path:
        """What is said in parts, a sentence a line."""
        return CorpusTextJob(self.corpus(*parts)).out_text
