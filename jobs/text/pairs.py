"""The job that checks a pair of texts."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk

from recipe.data.text_pairs import read_pairs

from ..atomic_file import replacing


class TextPairsJob(Job):
    """
    A pair of texts as :func:`recipe.data.text_dataset.text_pair_dataset` reads it: plain files of equally many lines,
    none empty, words with one space between them.

    - ``out_source``, ``out_target``: the texts
    - ``out_pairs``: how many, ``out_left_out``: how many were left out because a side is empty or too long

    :param source: a sentence a line, UTF-8, plain or ``.gz``
    :param target: the same lines in another language
    :param longest: leave out pairs with more words than this on a side; None: none. Not for what is scored
    """

    def __init__(self, source: tk.Path, target: tk.Path, *, longest: int | None = None):
        self.source = source
        self.target = target
        self.longest = longest

        self.out_source = self.output_path("source.txt")
        self.out_target = self.output_path("target.txt")
        self.out_pairs = self.output_var("pairs")
        self.out_left_out = self.output_var("left_out")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Checks and writes both.

        :raises ValueError: at a line that is not UTF-8 or has no translation, or if no pair is left
        """
        names, kept, left_out = (self.source.get_path(), self.target.get_path()), 0, 0
        with replacing(self.out_source) as source, replacing(self.out_target) as target:
            with open(source, "w", encoding="utf-8") as one, open(target, "w", encoding="utf-8") as other:
                for _, *pair in read_pairs(*names):
                    sides = [side.split() for side in pair]
                    if all(0 < len(words) <= (self.longest or len(words)) for words in sides):
                        one.write(" ".join(sides[0]) + "\n")
                        other.write(" ".join(sides[1]) + "\n")
                        kept += 1
                    else:
                        left_out += 1
            if not kept:
                raise ValueError(f"no pair with text on both sides in {names[0]} and {names[1]}, of {left_out} lines")
        self.out_pairs.set(kept)
        self.out_left_out.set(left_out)
