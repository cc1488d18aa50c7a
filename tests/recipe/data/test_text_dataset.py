"""Text as RETURNN's own datasets read it."""

from __future__ import annotations

import gzip
import io
import pathlib
import pickle
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

from jobs.python_values import with_python_values
from recipe.data.dataset_functions import pieces_with_dropout
from recipe.data.subwords import sentence_pieces, words_of
from recipe.data.text_dataset import text_blocks_dataset, text_dataset, text_pair_dataset, with_bpe_dropout
from recipe.nn.plain.python_source import CodeWithDefinitions

LINES = [f"{word} {other}" for word in ("ba", "ke", "li", "no") for other in ("ba", "ke", "li")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SentencePiece model of the lines."""
    import sentencepiece

    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES * 20),
        model_writer=file,
        vocab_size=23,
        model_type="bpe",
        eos_id=0,
        unk_id=1,
        bos_id=-1,
        pad_id=-1,
        minloglevel=2,
    )
    path = tmp_path_factory.mktemp("model") / "subwords.model"
    path.write_bytes(file.getvalue())
    return str(path)


def read(options: dict[str, Any], epoch: int = 1) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """Tag and data of each sequence of an epoch."""
    from returnn.datasets.basic import init_dataset

    dataset = init_dataset(options)
    dataset.init_seq_order(epoch=epoch)
    index = 0
    while dataset.is_less_than_num_seqs(index):
        dataset.load_seqs(index, index + 1)
        yield (
            dataset.get_tag(index),
            {key: dataset.get_data(index, key).tolist() for key in dataset.get_data_keys()},
        )
        index += 1
    dataset.finish_epoch(free_resources=True)


def text_of(model: str, indices: list[int]) -> str:
    """The words of labels."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    return " ".join(words_of(processor.id_to_piece(indices)))


def test_lines(tmp_path: pathlib.Path, model: str) -> None:
    (tmp_path / "one.txt").write_text("\n\n".join(LINES[:5]) + "\n")
    with gzip.open(tmp_path / "two.txt.gz", "wt") as file:
        file.write("\n".join(LINES[5:]))
    files = [str(tmp_path / "one.txt"), str(tmp_path / "two.txt.gz")]
    found = list(read(text_dataset(files, sentence_pieces(model))))
    assert [tag for tag, _ in found] == [f"line-{number}" for number in range(12)]
    assert [text_of(model, data["data"]) for _, data in found] == LINES
    assert {data["data"][-1] for _, data in found} == {0}
    ends = {data["data"][-1] for _, data in read(text_dataset(files, sentence_pieces(model, end_label=False)))}
    assert 0 not in ends


def test_sampling_gives_other_pieces(tmp_path: pathlib.Path, model: str) -> None:
    (tmp_path / "text.txt").write_text("ba ke li no\n" * 50)
    path = str(tmp_path / "text.txt")
    plain = {tuple(data["data"]) for _, data in read(text_dataset(path, sentence_pieces(model)))}
    found = [data["data"] for _, data in read(text_dataset(path, sentence_pieces(model, sampling=0.3)))]
    assert len(plain) == 1
    assert len({tuple(row) for row in found}) > 5
    assert {text_of(model, row) for row in found} == {"ba ke li no"}


def test_pairs(tmp_path: pathlib.Path, model: str) -> None:
    (tmp_path / "source.txt").write_text("\n".join(LINES) + "\n")
    (tmp_path / "target.txt").write_text("\n".join(" ".join(reversed(line.split())) for line in LINES) + "\n")
    labels = sentence_pieces(model, end_label=False), sentence_pieces(model)
    options = text_pair_dataset(
        str(tmp_path / "source.txt"), str(tmp_path / "target.txt"), *labels, seq_ordering="random"
    )
    found = list(read(options))
    assert sorted(tag for tag, _ in found) == sorted(f"line-{number}" for number in range(12))
    assert [tag for tag, _ in found] != [f"line-{number}" for number in range(12)]
    for tag, data in found:
        line = LINES[int(tag.partition("-")[2])]
        assert text_of(model, data["data"]) == line
        assert text_of(model, data["classes"]).split() == line.split()[::-1]
        assert data["classes"][-1] == 0 and 0 not in data["data"]


def _as_in_a_config(code: CodeWithDefinitions) -> Any:
    """The function as RETURNN reads it from a config, of a module of its own."""
    module = types.ModuleType("config_of_blocks")
    sys.modules[module.__name__] = module
    exec("\n".join(("from __future__ import annotations", *code.definitions)), module.__dict__)
    return eval(code.code, module.__dict__)


def test_blocks(tmp_path: pathlib.Path, model: str) -> None:
    blocks = []
    for number in range(6):
        blocks.append(str(tmp_path / f"block.{number}"))
        pathlib.Path(blocks[-1]).write_text("".join(f"{line}\n" for line in LINES[2 * number : 2 * number + 2]))
    options = text_blocks_dataset(blocks, sentence_pieces(model, sampling=0.1), partition_epoch=3)
    options["get_sub_epoch_dataset"] = _as_in_a_config(options["get_sub_epoch_dataset"])
    assert pickle.loads(pickle.dumps(options["get_sub_epoch_dataset"])), "worker processes get it"
    options["use_worker_proc"] = False  # which is quicker
    epochs = [[text_of(model, data["data"]) for _, data in read(dict(options), epoch)] for epoch in range(1, 7)]
    assert [len(epoch) for epoch in epochs] == [4] * 6, "no epoch has more than its part in hand"
    for first in (0, 3):
        assert sorted(line for epoch in epochs[first : first + 3] for line in epoch) == sorted(LINES)
    assert epochs[:3] != epochs[3:]
    with pytest.raises(ValueError, match="partition_epoch=7 parts cannot be made of 6 blocks"):
        text_blocks_dataset(blocks, sentence_pieces(model), partition_epoch=7)


def test_bpe_with_dropout_is_that_of_sentence_piece(model: str) -> None:
    """Without dropout the same pieces, with it the same text of as many pieces on average."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    labels = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    index = {label: number for number, label in enumerate(labels)}
    random = numpy.random.RandomState(1)

    def drawn(line: str, dropout: float) -> list[int]:
        pieces = [labels[number] for number in processor.encode(line, add_eos=True)]
        return pieces_with_dropout(pieces, index, dropout, random)

    lines = [*LINES, "ba zz ke"]
    for line in lines:
        assert drawn(line, 0.0) == processor.encode(line, add_eos=True)
        assert processor.decode(drawn(line, 0.5)) == processor.decode(processor.encode(line))
    mean = numpy.mean([len(drawn(line, 0.3)) - 1 for line in lines * 60])
    options = {"enable_sampling": True, "alpha": 0.3, "nbest_size": -1}
    wanted = numpy.mean([len(processor.encode(line, **options)) for line in lines * 60])
    assert mean == pytest.approx(wanted, rel=0.05) and mean > 1.1 * numpy.mean(
        [len(drawn(line, 0)) - 1 for line in lines]
    )


def test_bpe_dropout_of_a_dataset(tmp_path: pathlib.Path, model: str) -> None:
    """A function of epoch and sequence, whatever the order, and other in each stream."""
    path = tmp_path / "text.txt"
    path.write_text("\n".join(LINES) + "\n")
    labels = sentence_pieces(model)

    def epoch(number: int, **order: Any) -> dict[str, dict[str, list[int]]]:
        pair = text_pair_dataset(str(path), str(path), labels, labels, **order)
        return dict(read(with_python_values(with_bpe_dropout(pair, 0.3, streams=("data", "classes"))), number))

    first = epoch(1)
    assert first == epoch(1) == epoch(1, seq_ordering="random") != epoch(2)
    assert any(streams["data"] != streams["classes"] for streams in first.values())
    for tag, streams in first.items():
        assert {text_of(model, one) for one in streams.values()} == {LINES[int(tag.partition("-")[2])]}
        assert streams["data"][-1] == streams["classes"][-1] == 0
    options = text_blocks_dataset([str(path)], labels, bpe_dropout=0.3)
    options["get_sub_epoch_dataset"] = _as_in_a_config(options["get_sub_epoch_dataset"])
    options["use_worker_proc"] = False
    blocks = [dict(read(dict(options), number)) for number in (1, 1, 2)]
    assert blocks[0] == blocks[1] != blocks[2]
    assert sorted(text_of(model, one["data"]) for one in blocks[0].values()) == sorted(LINES)
    with pytest.raises(ValueError, match="text_blocks_dataset.*bpe_dropout="):
        with_bpe_dropout(options, 0.1)
    with pytest.raises(ValueError, match="dropout=1.5: a number between 0 and 1"):
        with_bpe_dropout({}, 1.5)
