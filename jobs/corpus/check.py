"""The job that looks for what is wrong with corpora before anything is trained on them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sisyphus import Task, tk

from recipe.data.corpus.checks import Limits, Problem, check_rates, check_segment, check_together, report_text
from recipe.data.corpus.corpus import Corpus
from recipe.data.corpus.in_order import in_order

from ..atomic_file import write_json, write_text
from ..unhashed import JobWithUnhashedArguments

_SHOWN = 7  # the last ten lines of an error are shown everywhere

Result = TypeVar("Result")


class CheckCorpusJob(JobWithUnhashedArguments):
    """
    Decodes all sound of one corpus or several, and looks at texts, lengths and names: broken audio, silence, another
    sampling rate than most have, empty text, characters that are not in an alphabet, segments that are too long or too
    short for training, names and sound that are in two corpora.

    :param corpora: as the reading jobs give them
    :param alphabet: characters that texts may have, with the space; default: all
    :param min_seconds: of a segment
    :param max_seconds: of a segment; default: any
    :param max_characters: of a text; default: any
    :param max_characters_per_second: default: any
    :param leave_out: whether ``out_corpora`` are the corpora without the segments that have problems; default: the job
        fails if there are any, and says which
    :param cpu_rqmt: processes that decode; not hashed
    :param time_rqmt: hours; not hashed
    """

    unhashed = ("cpu_rqmt", "time_rqmt")

    def __init__(
        self,
        corpora: tk.Path | Sequence[tk.Path],
        *,
        alphabet: Sequence[str] | None = None,
        min_seconds: float = 0.0,
        max_seconds: float | None = None,
        max_characters: int | None = None,
        max_characters_per_second: float | None = None,
        leave_out: bool = False,
        cpu_rqmt: int = 2,
        time_rqmt: float = 4,
    ):
        self.corpora = [corpora] if isinstance(corpora, tk.Path) else list(corpora)
        self.limits: dict[str, Any] = {
            "min_seconds": min_seconds,
            "max_seconds": max_seconds,
            "max_characters": max_characters,
            "max_characters_per_second": max_characters_per_second,
        }
        self.alphabet = alphabet
        self.leave_out = leave_out

        self.out_corpora = [self.output_path(f"{number}.jsonl.gz") for number in range(1, len(self.corpora) + 1)]
        self.out_report = self.output_path("report.txt")
        self.out_problems = self.output_path("problems.json")
        self.out_num_problems = self.output_var("num_problems")

        self.rqmt = {"cpu": cpu_rqmt, "mem": 2 + cpu_rqmt * 0.5, "time": time_rqmt, "gpu": 0}

    @property
    def out_corpus(self) -> tk.Path:
        """The only corpus, checked."""
        (path,) = self.out_corpora
        return path

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Checks all segments; the report is written in any case.

        :raises ValueError: if there are problems, and they are not to be left out; or if nothing is left
        """
        from recipe.data.corpus import audio  # noqa: F401 - before other processes are forked

        corpora = [Corpus.read(path.get_path()) for path in self.corpora]
        alphabet = None if self.alphabet is None else frozenset("".join(self.alphabet))
        check = functools.partial(check_segment, limits=Limits(alphabet, **self.limits))
        segments = [(number, segment) for number, corpus in enumerate(corpora, 1) for segment in corpus]
        problems: list[Problem] = check_together(corpora)
        checked = list(in_order(check, segments, int(self.rqmt["cpu"])))
        for one in checked:
            problems += one.problems
        problems += check_rates(segments, [one.rate for one in checked])
        write_text(self.out_report, report_text(problems, len(segments)))
        write_json(self.out_problems, [problem._asdict() for problem in problems])
        if problems and not self.leave_out:
            raise ValueError(
                f"{_first(problems)}\n{_all(problems, self.out_report.get_path())}; leave_out=True leaves these "
                "segments out"
            )
        bad = {(problem.corpus, problem.segment) for problem in problems}
        kept = [[one for one in corpus if (number, one.name) not in bad] for number, corpus in enumerate(corpora, 1)]
        for source, segments_left in zip(self.corpora, kept):
            if not segments_left:
                raise ValueError(
                    f"{_first(problems)}\nno segment of {source.get_path()} is left: "
                    f"{_all(problems, self.out_report.get_path())}"
                )
        for path, segments_left in zip(self.out_corpora, kept):
            Corpus(tuple(segments_left)).write(path.get_path())
        self.out_num_problems.set(len(problems))


def _first(problems: Sequence[Problem]) -> str:
    shown = "\n".join(f"{one.segment}: {one.kind}: {one.what}" for one in problems[:_SHOWN])
    return f"{shown}\nand {len(problems) - _SHOWN} others" if len(problems) > _SHOWN else shown


def _all(problems: Sequence[Problem], report: str) -> str:
    return f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}, all of them in {report}"


def naming_the_check(results: Iterator[Result]) -> Iterator[Result]:
    """
    What other jobs compute of each segment.

    :raises ValueError: at the first segment that is broken, with what finds all of them
    """
    try:
        yield from results
    except ValueError as error:
        advice = "CheckCorpusJob finds all such segments, and with leave_out=True leaves them out"
        raise ValueError(f"{error}. {advice}") from error
