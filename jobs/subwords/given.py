"""Jobs that take vocabularies that are there: a SentencePiece model, or a file of labels."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk

from recipe.data.vocabulary import read_vocabulary

from .training import labels_of_model, processor_of


class SentencePieceModelJob(Job):
    """
    Size and labels of a SentencePiece model that is there, as
    ``nn.Dim(job.out_size, "labels", labels=job.out_labels)`` has them.

    The end of a sentence need not have index 0 in it: ``out_end_index`` says which it has, None for none. Decoders and
    language models get that number as ``end_label``; in models of SentencePiece's own defaults it is 2.

    :param model: the file
    """

    def __init__(self, model: tk.Path):
        self.model = model

        self.out_size = self.output_var("size")
        self.out_labels = self.output_var("labels")
        self.out_end_index = self.output_var("end_index")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Reads the model.

        :raises ValueError: if it is none
        """
        path = self.model.get_path()
        labels, end = labels_of_model(path), int(processor_of(path).eos_id())
        self.out_end_index.set(end if end >= 0 else None)
        self.out_labels.set(labels)
        self.out_size.set(len(labels))


class VocabularyFileJob(Job):
    """
    Size and labels of a file with a label a line, for ``nn.Dim(job.out_size, "labels", labels=job.out_labels)``; data
    have it by :func:`recipe.data.subwords.words`.

    :param vocabulary: the file, UTF-8
    """

    def __init__(self, vocabulary: tk.Path):
        self.vocabulary = vocabulary

        self.out_size = self.output_var("size")
        self.out_labels = self.output_var("labels")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Reads the file.

        :raises ValueError: for a label that stands twice, an empty line, or one that is not UTF-8; the message names
            file and line
        """
        labels = read_vocabulary(self.vocabulary.get_path()).labels
        self.out_labels.set(list(labels))
        self.out_size.set(len(labels))
