"""The job that shuffles text into blocks, of which a training reads some at a time."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator, Sequence

from sisyphus import Job, Task, tk

from recipe.data.text import read_files

_MOST = 500  # files that a process may have open


class TextBlocksJob(Job):
    """
    Text of any length in blocks, each a random part of it, for :func:`recipe.data.text_dataset.text_blocks_dataset`.
    Line by line: the memory does not grow with the text. Empty lines are left out.

    - ``out_blocks``: text files, ``out_sentences`` and ``out_words``: how many there are in all

    :param text: a sentence a line, UTF-8, plain or ``.gz``; one file or several
    :param blocks: how many; a block is best some ten thousand to a million lines
    """

    def __init__(self, text: tk.Path | Sequence[tk.Path], *, blocks: int):
        if not 1 <= blocks <= _MOST:
            raise ValueError(f"blocks is a number from 1 to {_MOST}, not {blocks!r}")
        self.text = text if isinstance(text, tk.Path) else list(text)
        self.blocks = blocks

        self.out_blocks = [self.output_path(f"block.{number:03d}.txt") for number in range(1, blocks + 1)]
        self.out_sentences = self.output_var("sentences")
        self.out_words = self.output_var("words")

        self.rqmt = {"cpu": 1, "mem": 1, "time": 4, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Writes the blocks.

        :raises ValueError: at a line that is not UTF-8, or if there are fewer lines than blocks
        """
        paths = [path.get_path() for path in ([self.text] if isinstance(self.text, tk.Path) else self.text)]
        names = [path.get_path() for path in self.out_blocks]
        draw, order, sentences, words = random.Random(1), list(range(self.blocks)), 0, 0
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(open(name + ".part", "w", encoding="utf-8")) for name in names]
            for line in filter(None, read_files(paths)):
                if sentences % self.blocks == 0:
                    draw.shuffle(order)  # each block gets one of so many lines in a row: all are of one length
                files[order[sentences % self.blocks]].write(line + "\n")
                sentences += 1
                words += len(line.split())
        if sentences < self.blocks:
            raise ValueError(f"{sentences} lines with text cannot fill {self.blocks} blocks: {', '.join(paths)}")
        for name in names:
            os.replace(name + ".part", name)
        self.out_sentences.set(sentences)
        self.out_words.set(words)
