"""Jobs that take the transcripts of corpora: as plain text, and as references for scoring."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence

from sisyphus import Job, Task, tk

from recipe.data.characters import character_labels
from recipe.data.corpus.corpus import Corpus

from ..atomic_file import replacing
from ..references import Reference, write_references
from ..transcripts import write_trn


class CorpusTextJob(Job):
    """
    The transcripts of a corpus, or of several, as text for subwords and language models: a sentence a line, gzip.

    :param corpora: as the reading jobs give them
    """

    def __init__(self, corpora: tk.Path | Sequence[tk.Path]):
        self.corpora = [corpora] if isinstance(corpora, tk.Path) else list(corpora)

        self.out_text = self.output_path("text.txt.gz")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the text.

        :raises ValueError: if a corpus has no text at all
        """
        with replacing(self.out_text) as part, open(part, "wb") as raw:
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file, io.TextIOWrapper(file, "utf-8") as text:
                for path in self.corpora:
                    sentences = [segment.text for segment in Corpus.read(path.get_path()) if segment.text]
                    if not sentences:
                        raise ValueError(f"{path.get_path()}: no segment has a text")
                    text.writelines(f"{sentence}\n" for sentence in sentences)


class CorpusReferencesJob(Job):
    """
    The transcripts of a corpus as references for scoring: words, by segment, as JSON lines for ScoringJob, with
    speakers, and as TRN for ScliteJob.

    :param corpus: as the reading jobs give it
    :param characters: whether labels are characters in place of words, spaces as in
        :mod:`recipe.data.characters`
    """

    __sis_hash_exclude__ = {"characters": False}

    def __init__(self, corpus: tk.Path, *, characters: bool = False):
        self.corpus = corpus
        self.characters = characters

        self.out_references = self.output_path("references.jsonl")
        self.out_trn = self.output_path("references.trn")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """Writes both."""
        references = {}
        for segment in Corpus.read(self.corpus.get_path()):
            labels = character_labels(segment.text) if self.characters else tuple(segment.text.split())
            references[segment.name] = Reference((labels,), segment.speaker)
        # without speakers, as HypothesesToTrnJob writes hypotheses: names of both must be the same
        write_trn(self.out_trn, {name: one.transcripts for name, one in references.items()})
        write_references(self.out_references, references)
