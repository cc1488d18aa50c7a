"""Blocks, pairs, references and hypotheses of text, and the dictionary."""

from __future__ import annotations

import gzip
import pathlib

import pytest
from sisyphus import tk

from jobs.hypotheses import read_hypotheses
from jobs.references import read_references
from jobs.text.blocks import TextBlocksJob
from jobs.text.checked import CheckedTextJob
from jobs.text.dictionary import DictionaryPairsJob
from jobs.text.hypotheses import TextToHypothesesJob
from jobs.text.pairs import TextPairsJob
from jobs.text.references import TextToReferencesJob

from ..conftest import RunJob


def written(path: pathlib.Path, content: str | bytes) -> tk.Path:
    """A file."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tk.Path(str(path))


def lines(path: tk.Path) -> list[str]:
    """The lines of a file."""
    return pathlib.Path(path.get_path()).read_text(encoding="utf-8").splitlines()


def test_blocks_have_each_line_once(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    texts = [
        written(tmp_path / f"{part}.txt", "".join(f"{part} {n}\n\n" for n in range(50))) for part in ("one", "two")
    ]
    job = run_job(TextBlocksJob(texts, blocks=4))
    blocks = [lines(path) for path in job.out_blocks]
    assert [len(block) for block in blocks] == [25] * 4
    assert sorted(line for block in blocks for line in block) == sorted(
        f"{part} {n}" for part in ("one", "two") for n in range(50)
    )
    assert all({line.split()[0] for line in block} == {"one", "two"} for block in blocks)
    assert (job.out_sentences.get(), job.out_words.get()) == (100, 200)
    with pytest.raises(ValueError, match="3 lines with text cannot fill 4 blocks: .*short"):
        run_job(TextBlocksJob(written(tmp_path / "short", "a\nb\nc\n"), blocks=4))


def test_pairs(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    source = written(tmp_path / "source", " ein  Haus\n\nja\neins zwei drei\n")
    target = written(tmp_path / "target", "a house\nnothing\nyes\none two three four\n")
    job = run_job(TextPairsJob(source, target, longest=3))
    assert (lines(job.out_source), lines(job.out_target)) == (["ein Haus", "ja"], ["a house", "yes"])
    assert (job.out_pairs.get(), job.out_left_out.get()) == (2, 2)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (b"a\nb\nc\n", b"x\ny\n", r"source:3: has no translation: .*target ends with line 2, and both files must have"),
        (b"a\n", b"x\ny\n", r"target:2: has no translation: .*source ends with line 1"),
        (b"a\nb\n", b"x\n\xe4\n", r"target:2: not UTF-8: byte 0xe4 at position 0"),
        (b"\n\n", b"x\ny\n", r"no pair with text on both sides in .*source and .*target, of 2 lines"),
    ],
)
def test_pairs_that_are_none(
    tmp_path: pathlib.Path, run_job: RunJob, source: bytes, target: bytes, message: str
) -> None:
    job = TextPairsJob(written(tmp_path / "source", source), written(tmp_path / "target", target))
    with pytest.raises(ValueError, match=message):
        run_job(job)
    assert not pathlib.Path(job.out_source.get_path()).exists()
    assert not pathlib.Path(job.out_target.get_path()).exists()


def test_references_and_hypotheses(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    text = written(tmp_path / "text", "a b\n\nc {d}\n")
    references = run_job(TextToReferencesJob(text))
    found = read_references(references.out_references.get_path())
    assert {tag: one.transcripts for tag, one in found.items()} == {
        "line-0": (("a", "b"),),
        "line-1": (("c", "{d}"),),
    }
    assert lines(references.out_trn) == ["a b (all-line-0)", "c %7Bd%7D (all-line-1)"]
    hypotheses = read_hypotheses(run_job(TextToHypothesesJob(text)).out_hypotheses.get_path())
    assert [hypotheses[f"line-{n}"][0].labels for n in range(3)] == [("a", "b"), (), ("c", "{d}")]
    with pytest.raises(ValueError, match="has no text, so there is nothing to score"):
        run_job(TextToReferencesJob(written(tmp_path / "empty", "\n")))


def test_dictionary(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    entries = [
        f"Wort{n} {{n}}; anderes [techn.] | das Wort{n} (hier) sagen :: word{n} | to say word{n} /w./ there"
        for n in range(300)
    ]
    entries[7] = "ungleich | viele :: unequal"
    (tmp_path / "usr/share/trans").mkdir(parents=True)
    path = tmp_path / "usr/share/trans/de-en"
    path.write_text("# comment\n" + "\n".join(entries) + "\nnoch einmal sagen :: to say word5 there\n")
    job = run_job(DictionaryPairsJob(tk.Path(str(tmp_path)), train_min_words=1))
    parts = {
        part: list(zip(lines(job.out_german[part]), lines(job.out_english[part]))) for part in ("train", "dev", "test")
    }
    assert parts["train"][:2] == [("Wort0", "word0"), ("das Wort0 sagen", "to say word0 there")]
    assert len(parts["dev"]) > 0 and len(parts["test"]) > 0
    assert all(len(side.split()) >= 3 for part in ("dev", "test") for pair in parts[part] for side in pair)
    for side in (0, 1):
        texts = [{pair[side] for pair in parts[part]} for part in ("train", "dev", "test")]
        assert not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]
    path.write_text("eins :: one\nzwei\n")
    with pytest.raises(ValueError, match="de-en:2: no German :: English: 'zwei'"):
        run_job(DictionaryPairsJob(tk.Path(str(tmp_path))))


def test_text_that_others_wrote(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """What RETURNN would take otherwise than it is meant: its sequences are the lines of what the job makes."""
    from returnn.datasets.lm import LmDataset

    content = "\ufeffa  b\r\n \r\n\r\nc\u00a0d\n\u00a0\ne".encode()
    texts = [written(tmp_path / "one.txt", content), written(tmp_path / "two.txt.gz", gzip.compress(content))]
    for text, place in zip(texts, (":2: only spaces", ":5: only spaces")):
        with pytest.raises(ValueError, match=f"{text.get_path()}{place}.* CheckedTextJob"):
            run_job(TextToReferencesJob(text))
    with pytest.raises(ValueError, match="short.txt:1: no line end is after the last line"):
        run_job(TextToReferencesJob(written(tmp_path / "short.txt", "a b")))
    job = run_job(CheckedTextJob(texts))
    assert lines(job.out_text) == ["a b", "c d", "e"] * 2
    assert [one.get() for one in (job.out_sentences, job.out_words, job.out_left_out)] == [6, 10, 6]
    references = run_job(TextToReferencesJob(job.out_text)).out_references
    vocabulary = {"class": "Utf8ByteTargets"}
    dataset = LmDataset(corpus_file=job.out_text.get_path(), orth_vocab=vocabulary, dtype="int32")
    dataset.init_seq_order(epoch=1)
    dataset.load_seqs(0, 6)
    read = {dataset.get_tag(n): bytes(dataset.get_data(n, "data").astype("uint8")).decode() for n in range(6)}
    assert {tag: (tuple(text.split()),) for tag, text in read.items()} == {
        tag: one.transcripts for tag, one in read_references(references.get_path()).items()
    }


def test_text_that_is_none(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    for content, message in ((b"\n \n", "all lines are empty in .*bad.txt"), (b"a\n\xff\n", "bad.txt:2: not UTF-8")):
        job = CheckedTextJob(written(tmp_path / "bad.txt", content))
        with pytest.raises(ValueError, match=message):
            run_job(job)
        assert not pathlib.Path(job.out_text.get_path()).exists()
