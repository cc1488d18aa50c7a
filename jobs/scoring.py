"""The job that scores pronunciations: word and phone error rate."""

from __future__ import annotations

import collections
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from sisyphus import Job, Task, tk

from recipe.data.lexicon import Lexicon, read_lexicon

from .edit_distance import Errors, Labels, best_match


class PronunciationScoringJob(Job):
    """
    Word and phone error rate of hypotheses, with several right pronunciations per word.

    A word is wrong if its hypothesis is none of its pronunciations. Its phone errors are counted against the
    pronunciation with the fewest (of several, the longest); the rate is by the length of those chosen. A
    word without hypothesis counts as an empty one.

    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`; the best one of each word is scored
    :param lexicon: lines ``word<TAB>phones``; its words are scored
    """

    def __init__(self, hypotheses: tk.Path, lexicon: tk.Path):
        self.hypotheses = hypotheses
        self.lexicon = lexicon

        self.out_wer = self.output_var("wer")
        self.out_per = self.output_var("per")
        self.out_report = self.output_path("report.json")
        self.out_report_text = self.output_path("report.txt")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", mini_task=True)

    def run(self) -> None:
        """
        Scores and writes the rates in percent, and the reports.

        :raises ValueError: at a malformed line, a word twice, or a word that is not in the lexicon
        """
        lexicon = read_lexicon(self.lexicon.get_path())
        found = read_hypotheses(self.hypotheses.get_path())
        report = score(lexicon, found)
        _write(self.out_report.get_path(), json.dumps(report, indent=1, ensure_ascii=False) + "\n")
        _write(self.out_report_text.get_path(), report_text(report))
        self.out_wer.set(report["wer"])
        self.out_per.set(report["per"])


def read_hypotheses(path: str) -> dict[str, Labels]:
    """
    The best hypothesis of each word.

    :raises ValueError: at a malformed line or a word that stands twice; the message names file and line
    """
    found: dict[str, Labels] = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                entry = json.loads(line)
                word, hypotheses = entry["seq_tag"], entry["hypotheses"]
                labels = tuple(hypotheses[0]["labels"]) if hypotheses else ()
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f"{path}:{number}: no hypotheses as JSON ({error!r}): {line.rstrip()[:200]}"
                ) from error
            if word in found:
                raise ValueError(f"{path}:{number}: {word!r} stands there twice")
            found[word] = labels
    return found


def score(lexicon: Lexicon, hypotheses: Mapping[str, Labels]) -> dict[str, Any]:
    """
    All figures of the report, the rates in percent with 2 digits.

    :raises ValueError: if a hypothesis is of a word that is not in the lexicon, or the lexicon is empty
    """
    unknown = sorted(set(hypotheses) - set(lexicon))
    if unknown:
        raise ValueError(f"{len(unknown)} hypotheses are of words that the lexicon does not have, as {unknown[0]!r}")
    if not lexicon:
        raise ValueError("there is no word to score: the lexicon is empty")
    errors = {word: best_match(lexicon[word], hypotheses.get(word, ())) for word in lexicon}
    wrong = [word for word, error in errors.items() if error.count]
    phones = sum(len(error.reference) for error in errors.values())
    totals = {
        kind: sum(len(getattr(error, kind)) for error in errors.values())
        for kind in ("substitutions", "insertions", "deletions")
    }
    return {
        "wer": round(100 * len(wrong) / len(errors), 2),
        "per": round(100 * sum(totals.values()) / phones, 2),
        "words": len(errors),
        "wrong_words": len(wrong),
        "missing_words": len(set(lexicon) - set(hypotheses)),
        "reference_phones": phones,
        "phone_errors": sum(totals.values()),
        **totals,
        "confusions": _most_common(pair for error in errors.values() for pair in error.substitutions),
        "inserted": _most_common(phone for error in errors.values() for phone in error.insertions),
        "deleted": _most_common(phone for error in errors.values() for phone in error.deletions),
        "worst_words": _worst(errors),
    }


def report_text(report: Mapping[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"word error rate   {report['wer']:6.2f} %   {report['wrong_words']} of {report['words']} words",
        f"phone error rate  {report['per']:6.2f} %   {report['phone_errors']} of {report['reference_phones']} phones",
        "  " + ", ".join(f"{kind} {report[kind]}" for kind in ("substitutions", "insertions", "deletions")),
        f"  words without hypothesis: {report['missing_words']}",
        "",
        "most frequent substitutions (right -> found)",
        *(f"  {count:5d}  {right} -> {found}" for (right, found), count in report["confusions"]),
        "",
        "most frequent insertions:  " + ", ".join(f"{phone} {count}" for phone, count in report["inserted"]),
        "most frequent deletions:   " + ", ".join(f"{phone} {count}" for phone, count in report["deleted"]),
        "",
        "worst words",
    ]
    for entry in report["worst_words"]:
        lines.append(f"  {entry['word']:<20} {entry['errors']:2d} errors   right: {' '.join(entry['reference'])}")
        lines.append(f"  {'':<20} {'':9}   found: {' '.join(entry['hypothesis']) or '(nothing)'}")
    return "\n".join(lines) + "\n"


def _most_common(items: Iterator[Any], number: int = 15) -> list[Any]:
    counted = collections.Counter(items)
    return [[item, count] for item, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:number]]


def _worst(errors: Mapping[str, Errors], number: int = 20) -> list[dict[str, Any]]:
    ordered = sorted(errors.items(), key=lambda item: (-item[1].count, item[0]))[:number]
    return [
        {"word": word, "errors": error.count, "reference": list(error.reference), "hypothesis": list(error.hypothesis)}
        for word, error in ordered
        if error.count
    ]


def _write(path: str, text: str) -> None:
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)
