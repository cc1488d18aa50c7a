"""The job that scores translations: BLEU and chrF by sacrebleu."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sisyphus import Job, Task, tk

from ..atomic_file import write_json, write_text
from ..hypotheses import Hypothesis, read_hypotheses
from ..references import Reference, read_references

_WORST = 20


class BleuJob(Job):
    """
    BLEU (Papineni et al. 2002) and chrF (Popović 2015) of the best hypotheses, by sacrebleu (Post 2018), whose
    signature says what was counted. A sequence without hypothesis counts as an empty one.

    - ``out_bleu``, ``out_chrf``: 0 to 100, with 2 digits
    - ``out_confidence_interval``: 95 % of BLEU, by bootstrap over sequences: [low, high]
    - ``out_signature``: sacrebleu's of BLEU
    - ``out_report``, ``out_report_text``: all of it, and the worst translations by chrF

    :param hypotheses: JSON lines with words as labels, as of :class:`jobs.subwords.joining.SubwordsToWordsJob`
    :param references: JSON lines, see :mod:`jobs.references`; several of a sequence all count
    :param tokenize: sacrebleu's name of how text is cut into words: "13a"; "zh", "ja-mecab", "ko-mecab", "char"
    :param lowercase: whether capital letters count as small ones
    """

    def __init__(self, hypotheses: tk.Path, references: tk.Path, *, tokenize: str = "13a", lowercase: bool = False):
        self.hypotheses = hypotheses
        self.references = references
        self.tokenize = tokenize
        self.lowercase = lowercase

        self.out_bleu = self.output_var("bleu")
        self.out_chrf = self.output_var("chrf")
        self.out_confidence_interval = self.output_var("confidence_interval")
        self.out_signature = self.output_var("signature")
        self.out_report = self.output_path("report.json")
        self.out_report_text = self.output_path("report.txt")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Scores.

        :raises ValueError: at a malformed line, a sequence twice, or one that has no reference
        """
        hypotheses = read_hypotheses(self.hypotheses.get_path())
        references = read_references(self.references.get_path())
        report = bleu_report(references, hypotheses, tokenize=self.tokenize, lowercase=self.lowercase)
        write_json(self.out_report, report)
        write_text(self.out_report_text, report_text(report))
        self.out_chrf.set(report["chrf"])
        self.out_confidence_interval.set(report["confidence_interval"])
        self.out_signature.set(report["signature"])
        self.out_bleu.set(report["bleu"])


def bleu_report(
    references: Mapping[str, Reference],
    hypotheses: Mapping[str, Sequence[Hypothesis]],
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
) -> dict[str, Any]:
    """
    All figures.

    :raises ValueError: without references, or for a hypothesis that has none
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    unknown = sorted(set(hypotheses) - set(references))
    if unknown or not references:
        raise ValueError(
            f"{len(unknown)} of {len(hypotheses)} hypotheses have no reference, as {unknown[0]!r}"
            if unknown
            else "there is nothing to score: there are no references"
        )
    tags = sorted(references)
    found = [" ".join(hypotheses[tag][0].labels) if hypotheses.get(tag) else "" for tag in tags]
    right = [[" ".join(labels) for labels in references[tag].transcripts] for tag in tags]
    most = max(map(len, right))
    streams: list[list[Any]] = [[texts[n] if n < len(texts) else None for texts in right] for n in range(most)]
    bleu, chrf = BLEU(tokenize=tokenize, lowercase=lowercase), CHRF(lowercase=lowercase)
    score = bleu.corpus_score(found, streams, n_bootstrap=1000)
    signature = str(bleu.get_signature())
    each = [round(chrf.sentence_score(one, texts).score, 2) for one, texts in zip(found, right)]
    worst = sorted(range(len(tags)), key=lambda number: (each[number], -len(right[number][0]), tags[number]))
    return {
        "bleu": round(score.score, 2),
        "confidence_interval": [round(score._mean - score._ci, 2), round(score._mean + score._ci, 2)],
        "precisions": [round(value, 2) for value in score.precisions],
        "brevity_penalty": round(score.bp, 4),
        "hypothesis_words": score.sys_len,
        "reference_words": score.ref_len,
        "chrf": round(chrf.corpus_score(found, streams).score, 2),
        "signature": signature,
        "sequences": len(tags),
        "missing": sum(not hypotheses.get(tag) for tag in tags),
        "exact": sum(one in texts for one, texts in zip(found, right)),
        "worst": [
            {"seq_tag": tags[n], "chrf": each[n], "reference": right[n][0], "hypothesis": found[n]}
            for n in worst[:_WORST]
        ],
    }


def report_text(report: Mapping[str, Any]) -> str:
    """The report for people."""
    low, high = report["confidence_interval"]
    precisions = " / ".join(f"{value:.1f}" for value in report["precisions"])
    lines = [
        f"BLEU {report['bleu']:.2f}   95 % confidence {low:.2f} to {high:.2f}   {report['signature']}",
        f"chrF {report['chrf']:.2f}",
        f"  precisions of 1 to 4 words: {precisions}; brevity penalty {report['brevity_penalty']:.3f} "
        f"({report['hypothesis_words']} words, right are {report['reference_words']})",
        f"  of {report['sequences']} sequences {report['exact']} are the reference, {report['missing']} were not found",
        "",
        "worst by chrF",
    ]
    for entry in report["worst"]:
        lines.append(f"  {entry['seq_tag']:<12} {entry['chrf']:6.2f}   right: {entry['reference']}")
        lines.append(f"  {'':<12} {'':6}   found: {entry['hypothesis'] or '(nothing)'}")
    return "\n".join(lines) + "\n"
