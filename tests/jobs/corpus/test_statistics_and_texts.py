"""Statistics, text and references of corpora; commands of Kaldi's wav.scp."""

from __future__ import annotations

import gzip
import json
import os
import pathlib

import pytest
from sisyphus import tk

from jobs.corpus.reading import (
    BlissCorpusJob,
    KaldiCorpusJob,
    LhotseCorpusJob,
    LibriSpeechCorpusJob,
    LjSpeechCorpusJob,
    TableCorpusJob,
)
from jobs.corpus.statistics import CorpusStatisticsJob
from jobs.corpus.texts import CorpusReferencesJob, CorpusTextJob
from jobs.references import read_references
from recipe.data.corpus.audio import read_segment
from recipe.data.corpus.corpus import Corpus, Segment
from recipe.data.corpus.statistics import histogram

from ...recipe.data.corpus.examples import SECONDS, SPEAKERS, TEXTS, corpus, librispeech
from ...recipe.data.corpus.test_readers import bliss, kaldi, lhotse, ljspeech, table
from ..conftest import RunJob


@pytest.fixture
def path(tmp_path: pathlib.Path) -> tk.Path:
    """A corpus."""
    corpus(tmp_path).write(str(tmp_path / "corpus.jsonl.gz"))
    return tk.Path(str(tmp_path / "corpus.jsonl.gz"))


@pytest.mark.parametrize("processes", [1, 2])
def test_statistics(path: tk.Path, run_job: RunJob, processes: int) -> None:
    job = run_job(CorpusStatisticsJob(path, cpu_rqmt=processes))
    found = json.loads(pathlib.Path(job.out_json.get_path()).read_text())
    assert found["hours"] * 3600 == pytest.approx(sum(SECONDS.values())) == job.out_hours.get() * 3600
    assert (found["segments"], found["recordings"], found["without_text"]) == (5, 5, 0)
    assert [found["seconds"][key] for key in ("shortest", "mean", "median", "longest")] == [0.25, 0.5, 0.5, 0.75]
    assert found["speakers"]["1"] == {"segments": 3, "hours": pytest.approx((0.25 + 0.375 + 0.5) / 3600)}
    assert found["words"]["total"] == 10 and found["words"]["distinct"] == 7 and found["words"]["once"] == 5
    assert list(found["words"]["most_frequent"].items())[0] == ("TWO", 3)
    assert found["characters"]["'"] == 1 and found["characters"]["O"] == 7
    assert job.out_characters.get() == "".join(sorted(set("".join(TEXTS.values()))))
    text = pathlib.Path(job.out_text.get_path()).read_text()
    assert "0.00 hours, 5 segments of 5 recordings\n" in text and "3 speakers\n  1: " in text
    assert "10 words, 7 distinct, 5 of them once; 4.00 a second\n  TWO 3, ONE 2," in text


def test_histogram_has_round_borders() -> None:
    bins = histogram([0.3, 1.0, 5.7, 23.4, 23.4])
    assert [(start, end) for start, end, _ in bins] == [(2.0 * one, 2.0 * one + 2) for one in range(12)]
    assert [count for _, _, count in bins] == [2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert sum(count for _, _, count in histogram([1.0, 1.0])) == 2


def test_text(path: tk.Path, tmp_path: pathlib.Path, run_job: RunJob) -> None:
    job = run_job(CorpusTextJob([path, path]))
    assert gzip.open(job.out_text.get_path(), "rt").read().splitlines() == [*TEXTS.values()] * 2
    Corpus((Segment("a", "a.wav", "", "x"),)).write(str(tmp_path / "silent.jsonl.gz"))
    job = CorpusTextJob(tk.Path(str(tmp_path / "silent.jsonl.gz")))
    with pytest.raises(ValueError, match="silent.jsonl.gz: no segment has a text"):
        run_job(job)
    assert not os.path.exists(job.out_text.get_path())


def test_references(path: tk.Path, run_job: RunJob) -> None:
    job = run_job(CorpusReferencesJob(path))
    found = read_references(job.out_references.get_path())
    assert {name: " ".join(one.transcripts[0]) for name, one in found.items()} == TEXTS
    assert {name: one.speaker for name, one in found.items()} == SPEAKERS
    assert "IT'S THREE (all-1-11-0000)\n" in pathlib.Path(job.out_trn.get_path()).read_text()
    letters = read_references(run_job(CorpusReferencesJob(path, characters=True)).out_references.get_path())
    assert letters["1-10-0001"].transcripts == (tuple("ONE▁TWO"),)


def test_reading_jobs(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """Those that are not read elsewhere, with their options."""
    homes = {name: tmp_path / name for name in ("kaldi", "bliss", "ljspeech", "table", "lhotse")}
    for home in homes.values():
        home.mkdir()
    columns = {"audio": "path", "text": "sentence"}
    jobs = {
        "kaldi": KaldiCorpusJob(tk.Path(str(kaldi(homes["kaldi"])))),
        "bliss": BlissCorpusJob(tk.Path(str(bliss(homes["bliss"])))),
        "ljspeech": LjSpeechCorpusJob(tk.Path(str(ljspeech(homes["ljspeech"]))), speaker="reader", normalised=False),
        "table": TableCorpusJob(tk.Path(str(table(homes["table"]))), columns=columns),
        "lhotse": LhotseCorpusJob(*(tk.Path(str(path)) for path in lhotse(homes["lhotse"]))),
    }
    found = {name: Corpus.read(run_job(job).out_corpus.get_path()) for name, job in jobs.items()}
    assert {name: len(one) for name, one in found.items()} == {**dict.fromkeys(homes, 5), "bliss": 4}
    assert {segment.speaker for segment in found["ljspeech"]} == {"reader"}
    assert {segment.text for segment in found["ljspeech"]} == {str(len(text)) for text in TEXTS.values()}
    assert {segment.speaker for segment in found["table"]} == set(TEXTS), "no column of them: each has its own"
    elsewhere = KaldiCorpusJob(tk.Path(str(homes["kaldi"])), run_pipes=True)
    assert jobs["kaldi"].job_id() != elsewhere.job_id()
    assert jobs["kaldi"].job_id() == KaldiCorpusJob(tk.Path(str(homes["kaldi"])), run_pipes=False).job_id()


def test_nothing_is_written_of_a_corpus_with_a_wrong_line(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    listed = librispeech(tmp_path) / "train-clean-100/30/300/30-300.trans.txt"
    listed.write_bytes(listed.read_bytes() + b"30-300-0001 SCH\xd6N\n")
    job = LibriSpeechCorpusJob(tk.Path(str(tmp_path)), "train-clean-100")
    with pytest.raises(ValueError, match=f"{listed}:2: not UTF-8"):
        run_job(job)
    assert os.listdir(os.path.dirname(job.out_corpus.get_path())) == []


def test_commands_of_kaldi_are_run_if_that_is_asked_for(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    home = kaldi(tmp_path)
    files = dict(line.split() for line in (home / "wav.scp").read_text().splitlines())
    (home / "wav.scp").write_text("".join(f"{name} cat < {file} |\n" for name, file in files.items()))
    with pytest.raises(ValueError, match="wav.scp:1: .*run_pipes=True.*cat <"):
        run_job(KaldiCorpusJob(tk.Path(str(home))))
    job = run_job(KaldiCorpusJob(tk.Path(str(home)), run_pipes=True))
    for segment in Corpus.read(job.out_corpus.get_path()):
        assert os.path.dirname(segment.audio) == job.out_audio.get_path()
        assert len(read_segment(segment)[0]) / 8000 == SECONDS[segment.name]
    first, second, *_ = files.values()
    (home / "text").write_text("a/b A\na_b B\n")
    (home / "wav.scp").write_text(f"a/b cat < {first} |\na_b cat < {second} |\n")
    (home / "utt2spk").unlink()
    both = Corpus.read(run_job(job).out_corpus.get_path())
    assert len({pathlib.Path(segment.audio).read_bytes() for segment in both}) == 2, (
        "names that differ in one character"
    )
    (home / "text").write_text("".join(f"{name} A\n" for name in files))
    (home / "wav.scp").write_text("".join(f"{name} echo No >&2; false |\n" for name in files))
    with pytest.raises(RuntimeError, match=r"(?s)the command of 1-10-0000 in wav.scp failed \(status 1\): echo.*No"):
        run_job(job)
