"""The job that makes of a text what RETURNN reads as it is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sisyphus import Job, Task, tk

from recipe.data.text import read_files

from ..atomic_file import replacing


class CheckedTextJob(Job):
    """
    A text as one plain file in UTF-8: no empty lines, one space between words, a line end after the last line, no byte
    order mark. RETURNN's LmDataset takes text that others wrote otherwise: lines with only spaces as sentences, a last
    line without an end not at all, and what is not UTF-8 ends a training in its midst.

    - ``out_text``: for :func:`recipe.data.text_dataset.text_dataset` and
      :class:`jobs.text.references.TextToReferencesJob`
    - ``out_sentences``, ``out_words``: how many there are; ``out_left_out``: how many lines were empty

    :param text: a sentence a line, plain or ``.gz``; one file or several
    """

    def __init__(self, text: tk.Path | Sequence[tk.Path]):
        self.text = text if isinstance(text, tk.Path) else list(text)

        self.out_text = self.output_path("text.txt")
        self.out_sentences = self.output_var("sentences")
        self.out_words = self.output_var("words")
        self.out_left_out = self.output_var("left_out")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the text.

        :raises ValueError: at a line that is not UTF-8 (file and line), or without text
        """
        paths = [path.get_path() for path in ([self.text] if isinstance(self.text, tk.Path) else self.text)]
        sentences = words = left_out = 0
        with replacing(self.out_text) as part, open(part, "w", encoding="utf-8") as file:
            for line in read_files(paths):
                count = len(line.split())
                if count:
                    file.write(" ".join(line.split()) + "\n")
                sentences, words, left_out = sentences + bool(count), words + count, left_out + (not count)
            if not sentences:
                raise ValueError(f"there is no text: all lines are empty in {', '.join(paths)}")
        self.out_sentences.set(sentences)
        self.out_words.set(words)
        self.out_left_out.set(left_out)
