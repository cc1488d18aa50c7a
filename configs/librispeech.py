"""
LibriSpeech: Conformers with CTC, with an attention decoder beside CTC, and as a transducer; language models; fusion.

``LIBRISPEECH=/data/LibriSpeech ./sis manager configs/librispeech.py`` runs all of it; ``configs/librispeech.ctc``,
``.attention``, ``.transducer`` and ``.language_models`` run parts. ``'configs/librispeech.py(num_gpus=8)'`` trains on
eight GPUs, ``units=10000`` takes subwords of another number for all systems. ``configs/librispeech.mini`` goes the same
way on a miniature of the corpus, on two cores. docs/librispeech.md says what all of it takes.
"""

from __future__ import annotations

from configs.librispeech_data import librispeech, miniature
from configs.librispeech_graph import Experiment
from configs.librispeech_sizes import FULL, MINIATURE, with_units
from configs.librispeech_systems import run_all, run_attention, run_ctc, run_language_models, run_transducer

ENGINE = "torch"


def py(units: int | None = None, num_gpus: int = 1, engine: str = ENGINE) -> None:
    """
    All systems.

    :param units: size of the vocabularies; default: that of each system
    :param num_gpus: of each training
    :param engine: "torch" or "tensorflow"
    """
    run_all(full(units, num_gpus, engine))


def ctc(units: int | None = None, num_gpus: int = 1, engine: str = ENGINE) -> None:
    """The CTC system alone."""
    run_ctc(full(units, num_gpus, engine))


def attention(units: int | None = None, num_gpus: int = 1, engine: str = ENGINE) -> None:
    """The attention system without language models."""
    run_attention(full(units, num_gpus, engine))


def transducer(units: int | None = None, num_gpus: int = 1, engine: str = ENGINE) -> None:
    """The transducer alone."""
    run_transducer(full(units, num_gpus, engine))


def language_models(units: int | None = None, num_gpus: int = 1, engine: str = ENGINE) -> None:
    """The language models alone."""
    run_language_models(full(units, num_gpus, engine))


def mini(engine: str = ENGINE) -> None:
    """All systems, tiny, on a miniature of the corpus: it shows that all jobs run, and learns next to nothing."""
    run_all(Experiment(miniature(), MINIATURE, engine=engine))


def full(units: int | None, num_gpus: int, engine: str) -> Experiment:
    """The real sizes, on the corpus that settings or environment name."""
    return Experiment(librispeech(), with_units(FULL, units), engine=engine, num_gpus=num_gpus)
