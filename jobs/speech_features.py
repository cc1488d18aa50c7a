"""The job that makes training data of recordings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from sisyphus import Job, Task, tk

from recipe.data.festvox import PARTS, Utterance, check_counts, part_of, read_voice
from recipe.data.hdf import LabelStream, write_feature_hdf
from recipe.data.lexicon import write_lexicon
from recipe.data.vocabulary import Vocabulary


class FestvoxFeaturesJob(Job):
    """
    Log-mel features and phones of a Festival voice as HDF files for RETURNN's HDFDataset, and references for scoring.

    ``data`` are the features, normalised per recording, ``classes`` the phones without pauses.

    :param voice: directory in which, or below which, ``wav`` and ``lab`` stand
    :param phones: all phones, in the order of their indices
    :param num_mel: mel bands per frame of 10 ms
    :param stack: how many frames become one
    :param end_label: a phone behind the last one, for models that end by themselves; default: none
    :param check: whether these must be the recordings that results are compared on
    """

    def __init__(
        self,
        voice: tk.Path,
        phones: Sequence[str],
        *,
        num_mel: int = 40,
        stack: int = 3,
        end_label: str | None = None,
        check: bool = True,
    ):
        self.voice = voice
        self.phones = phones
        self.num_mel = num_mel
        self.stack = stack
        self.end_label = end_label
        self.check = check

        self.out_hdf = {part: self.output_path(f"{part}.hdf") for part in PARTS}
        self.out_references = {part: self.output_path(f"{part}.references.tsv") for part in PARTS}

        self.rqmt = {"cpu": 1, "mem": 2, "time": 1, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Reads all recordings and writes the files.

        :raises FileNotFoundError: if there are no recordings
        :raises ValueError: at a recording or a label file that cannot be read, or a phone that has no index
        """
        parts: dict[str, list[Utterance]] = {part: [] for part in PARTS}
        for utterance in read_voice(self.voice.get_path()):
            parts[part_of(utterance.name)].append(utterance)
        if self.check:
            check_counts(parts)
        for part, utterances in parts.items():
            self._write(part, utterances)

    def _write(self, part: str, utterances: list[Utterance]) -> None:
        from recipe.data.log_mel import log_mel, normalised, read_wav, stacked_frames

        vocabulary = Vocabulary(tuple(self.phones))
        end = [self.end_label] if self.end_label is not None else []
        labels = [vocabulary.encode([*utterance.labels(), *end]) for utterance in utterances]
        features = []
        for utterance in utterances:
            samples, rate = read_wav(utterance.wav)
            features.append(stacked_frames(normalised(log_mel(samples, rate, num_mel=self.num_mel)), self.stack))
        path, references = self.out_hdf[part].get_path(), self.out_references[part].get_path()
        targets = {"classes": LabelStream(labels, self.phones)}
        write_feature_hdf(path + ".part", [utterance.name for utterance in utterances], features, targets)
        write_lexicon(references + ".part", {utterance.name: [utterance.labels()] for utterance in utterances})
        os.replace(path + ".part", path)
        os.replace(references + ".part", references)
