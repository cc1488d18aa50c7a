"""The job that scores with NIST's sclite."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator

from sisyphus import Task, tk

from .transcript_keys import check_keys
from .unhashed import JobWithUnhashedArguments

INSTALL = "install NIST's scoring toolkit (Debian: apt install sctk), or name it: ScliteJob(sctk_binary_path=...)"


class ScliteJob(JobWithUnhashedArguments):
    """
    Word error rate by sclite, after a check that references and hypotheses are of the same sequences: sclite itself
    goes on with the wrong pairs.

    The kind of a file is told by its ending: ``.trn`` with ``.trn``, or ``.stm`` with ``.ctm``.

    - ``out_report_dir``: sclite's reports: ``sclite.sys``, ``.dtl``, ``.pra``, ``.raw``, and its output
    - ``out_wer`` and the other rates: percent, computed from the counts and not rounded to one digit as by sclite
    - ``out_num_errors``, ...: the counts

    :param ref: references, TRN or STM
    :param hyp: hypotheses, TRN or CTM
    :param cer: compare character by character
    :param sctk_binary_path: directory with ``sclite``, or that program; default: ``sclite`` or ``sctk`` on PATH; not
        hashed
    :param additional_args: further arguments of sclite
    :param precision_ndigit: digits of the rates after the point; None: all
    """

    unhashed = ("sctk_binary_path",)

    def __init__(
        self,
        ref: tk.Path,
        hyp: tk.Path,
        *,
        cer: bool = False,
        additional_args: list[str] | None = None,
        sctk_binary_path: tk.Path | str | None = None,
        precision_ndigit: int | None = 2,
    ):
        self.ref = ref
        self.hyp = hyp
        self.cer = cer
        self.additional_args = additional_args or []
        self.sctk_binary_path = sctk_binary_path
        self.precision_ndigit = precision_ndigit

        self.out_report_dir = self.output_path("reports", directory=True)
        self.out_wer = self.output_var("wer")
        self.out_num_errors = self.output_var("num_errors")
        self.out_percent_correct = self.output_var("percent_correct")
        self.out_num_correct = self.output_var("num_correct")
        self.out_percent_substitution = self.output_var("percent_substitution")
        self.out_num_substitution = self.output_var("num_substitution")
        self.out_percent_deletions = self.output_var("percent_deletions")
        self.out_num_deletions = self.output_var("num_deletions")
        self.out_percent_insertions = self.output_var("percent_insertions")
        self.out_num_insertions = self.output_var("num_insertions")
        self.out_percent_word_accuracy = self.output_var("percent_word_accuracy")
        self.out_ref_words = self.output_var("ref_words")
        self.out_hyp_words = self.output_var("hyp_words")
        self.out_aligned_words = self.output_var("aligned_words")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Scores.

        :raises ValueError: if the files are not of the same sequences
        :raises RuntimeError: if sclite is not installed, fails, or reports nothing
        """
        ref, hyp = self.ref.get_path(), self.hyp.get_path()
        kinds = check_keys(ref, hyp)
        directory = self.out_report_dir.get_path()
        for name in os.listdir(directory):
            os.remove(os.path.join(directory, name))
        command = [*find_sclite(self.sctk_binary_path), "-r", ref, kinds[0], "-h", hyp, kinds[1], "-s"]
        command += ["-i", "spu_id"] if kinds[0] == "trn" else []
        command += ["-c", "-e", "utf-8"] if self.cer else []
        command += ["-O", directory, "-n", "sclite", "-o", "sum", "rsum", "pra", "dtl", *self.additional_args]
        result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False)
        details = os.path.join(directory, "sclite.dtl")
        if result.returncode or not os.path.exists(details):
            output = (result.stderr + result.stdout).strip()[-2000:]
            raise RuntimeError(f"sclite ended with status {result.returncode}: {' '.join(command)}\n{output}")
        with open(details, encoding="utf-8", errors="replace") as file:
            self._set(read_details(file.read()))

    def _set(self, counts: dict[str, int]) -> None:
        errors = counts["substitution"] + counts["deletions"] + counts["insertions"]
        self.out_num_errors.set(errors)
        self.out_num_correct.set(counts["correct"])
        self.out_num_substitution.set(counts["substitution"])
        self.out_num_deletions.set(counts["deletions"])
        self.out_num_insertions.set(counts["insertions"])
        self.out_ref_words.set(counts["ref_words"])
        self.out_hyp_words.set(counts["hyp_words"])
        self.out_aligned_words.set(counts["aligned_words"])
        words = counts["ref_words"]
        self.out_percent_correct.set(self._percent(counts["correct"], words))
        self.out_percent_substitution.set(self._percent(counts["substitution"], words))
        self.out_percent_deletions.set(self._percent(counts["deletions"], words))
        self.out_percent_insertions.set(self._percent(counts["insertions"], words))
        self.out_percent_word_accuracy.set(self._percent(words - errors, words))
        self.out_wer.set(self._percent(errors, words))

    def _percent(self, part: int, whole: int) -> float:
        if not whole:
            return float("nan")
        percent = 100 * part / whole
        return percent if self.precision_ndigit is None else round(percent, self.precision_ndigit)


def find_sclite(path: tk.Path | str | None = None) -> list[str]:
    """
    The command that runs sclite; Debian has it as ``sctk sclite``.

    :param path: where to look; default: PATH
    :raises RuntimeError: if it is not there; the message says what to install
    """
    if path is not None:
        given = os.fspath(path)
        program = os.path.join(given, "sclite") if os.path.isdir(given) else given
        if not os.access(program, os.X_OK):
            raise RuntimeError(f"there is no program {program}: {INSTALL}")
        return [program]
    if shutil.which("sclite"):
        return ["sclite"]
    if shutil.which("sctk"):
        return ["sctk", "sclite"]
    raise RuntimeError(f"sclite is not installed: {INSTALL}")


_LINES = {
    "correct": r"Percent Correct\s*=\s*[\d.]+%\s*\(\s*(\d+)\)",
    "substitution": r"Percent Substitution\s*=\s*[\d.]+%\s*\(\s*(\d+)\)",
    "deletions": r"Percent Deletions\s*=\s*[\d.]+%\s*\(\s*(\d+)\)",
    "insertions": r"Percent Insertions\s*=\s*[\d.]+%\s*\(\s*(\d+)\)",
    "ref_words": r"Ref\. words\s*=\s*\(\s*(\d+)\)",
    "hyp_words": r"Hyp\. words\s*=\s*\(\s*(\d+)\)",
    "aligned_words": r"Aligned words\s*=\s*\(\s*(\d+)\)",
}


def read_details(text: str) -> dict[str, int]:
    """
    The counts in a report ``.dtl`` of sclite.

    :raises RuntimeError: if one is not there
    """
    counts = {}
    for name, pattern in _LINES.items():
        match = re.search(pattern, text)
        if match is None:
            raise RuntimeError(f"the report of sclite does not say {pattern.split(chr(92))[0]!r}:\n{text[:1000]}")
        counts[name] = int(match[1])
    return counts
