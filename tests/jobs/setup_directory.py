"""A small Sisyphus setup in a temporary directory, run by ``./sis`` as a user runs it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable

PROJECT = pathlib.Path(__file__).resolve().parents[2]

CONFIG = """
from sisyphus import tk

from jobs.lexicon import LexiconToHdfJob
from jobs.scoring import PronunciationScoringJob
from jobs.search import SearchJob
from jobs.summary import print_summary
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, LETTERS, PHONES
from recipe.data.dataset import label_dataset
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence


def py(num_epochs=3):
    experiment(num_epochs, "gradientdescent", 0.5, dropout=0.0)


def adam(num_epochs=3):
    experiment(num_epochs, "adam", 0.02, dropout=0.2)


def search_in(file):
    model, training = experiment(3, "adam", 0.02, dropout=0.2)
    found = search(model, training.out_checkpoints[3], tk.Path(file))
    tk.register_output("found.jsonl", found.out_hypotheses)


def experiment(num_epochs, optimizer, learning_rate, *, dropout):
    letters = nn.Dim(LETTERS.size, "letters", labels=LETTERS.labels)
    phones = nn.Dim(PHONES.size, "phones", labels=PHONES.labels)
    encoder = BidirectionalLstmEncoder(
        letters, nn.Dim(4, "letter_embedding"), nn.Dim(5, "encoder_lstm"), dropout=dropout
    )
    decoder = AttentionLstmDecoder(
        encoder.out_dim, phones, end_label=0, embedding_dim=nn.Dim(4, "phone_embedding"),
        lstm_dim=nn.Dim(6, "decoder_lstm"),
        key_dim=nn.Dim(3, "key"), readout_dim=nn.Dim(7, "readout"), dropout=dropout,
    )
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=letters)
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "phones_time")], sparse_dim=phones)
    model = SequenceToSequence(source, target, encoder, decoder)
    lexicon = tk.Path("lexicon.tsv")
    train = LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, end_label=END_LABEL)
    words = LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, end_label=END_LABEL, all_pronunciations=False)
    data = label_dataset(train.out_hdf, seq_ordering="laplace:.4")
    dev = label_dataset(train.out_hdf, seq_ordering="sorted")
    training = TrainingJob(
        nn.Network(model), data, dev,
        config={
            "batch_size": 1000, "max_seqs": 4, "optimizer": {"class": optimizer}, "learning_rate": learning_rate,
        },
        num_epochs=num_epochs,
    )
    found = search(model, training.out_checkpoints[num_epochs], words.out_hdf)
    scores = PronunciationScoringJob(found.out_hypotheses, lexicon)
    training.add_alias("training")
    tk.register_output("hypotheses.jsonl", found.out_hypotheses)
    tk.register_output("per", scores.out_per)
    tk.register_output("report.txt", scores.out_report_text)
    tk.register_callback(print_summary, "tiny", {"all": scores}, "a larger model")
    return model, training


def search(model, checkpoint, hdf):
    network = nn.Network(model, search=nn.BeamSearch(3), max_seq_len=12)
    return SearchJob(network, checkpoint, label_dataset(hdf, seq_ordering="sorted"), config={"batch_size": 1000})
"""

LEXICON = """\
abbey\tAE B IY
able\tEY B AH L
accord\tAH K AO R D
bat\tB AE T
bee\tB IY
cab\tK AE B
cat\tK AE T
data\tD EY T AH
data\tD AE T AH
dog\tD AO G
eat\tIY T
far\tF AA R
go\tG OW
hat\tHH AE T
ink\tIH NG K
"""


def make_setup(directory: pathlib.Path) -> pathlib.Path:
    """The project's code and the tiny experiment ``configs/tiny.py`` in a directory of their own."""
    directory.mkdir()
    for name in ("recipe", "jobs", "localsis", "settings.py", "sis"):
        (directory / name).symlink_to(PROJECT / name)
    (directory / "configs").mkdir()
    (directory / "configs" / "tiny.py").write_text(CONFIG)
    (directory / "lexicon.tsv").write_text(LEXICON)
    return directory


def start_manager(setup: pathlib.Path, config: str = "configs/tiny.adam") -> subprocess.Popen[str]:
    """``./sis manager`` on the embedded engine, its output into manager.log."""
    environment = {**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable}
    with open(setup / "manager.log", "a", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "sis", "manager", config],
            cwd=setup,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )


def run_manager(setup: pathlib.Path, config: str = "configs/tiny.adam") -> str:
    """Runs the manager to its end; gives what it printed.

    :raises AssertionError: if it did not succeed
    """
    manager = start_manager(setup, config)
    status = manager.wait(timeout=600)
    text = (setup / "manager.log").read_text()
    assert status == 0, text
    return text


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Waits until it holds.

    :raises AssertionError: if it does not in time
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.02)


def training_directory(setup: pathlib.Path) -> pathlib.Path | None:
    """The directory of the training job, once it is there."""
    found = sorted((setup / "work" / "jobs" / "training").glob("TrainingJob.*"))
    return found[0] if found else None


def processes_with(text: str) -> list[int]:
    """Ids of all processes that have the text in their command line."""
    found = []
    for directory in pathlib.Path("/proc").iterdir():
        try:
            if directory.name.isdigit() and text in (directory / "cmdline").read_bytes().decode(errors="replace"):
                found.append(int(directory.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]
