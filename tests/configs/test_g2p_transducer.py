"""The graph of configs/g2p_transducer.py: CTC, then alignments by it, then the transducer."""

from __future__ import annotations

import pytest

import localsis

localsis.install()

from configs import g2p_transducer  # noqa: E402 - what jobs import must be installed first
from jobs.ctc_alignment import CtcAlignmentJob  # noqa: E402
from jobs.training import TrainingJob  # noqa: E402
from localsis import outputs  # noqa: E402
from localsis.job import created_jobs  # noqa: E402


@pytest.mark.parametrize("config", [g2p_transducer.py, g2p_transducer.full], ids=["demo", "full"])
def test_transducer_is_trained_on_alignments_of_the_ctc_training(config, request) -> None:
    config()
    outputs.wanted_jobs()
    name = f"g2p_transducer/{request.node.callspec.id}"
    for output in ("learning_curves.png", "alignments.json", "dev/wer", "test/wer", "test/report.txt"):
        assert f"{name}/{output}" in outputs.registered
    ctc, transducer = (job for job in created_jobs.values() if isinstance(job, TrainingJob))
    alignments = [job for job in created_jobs.values() if isinstance(job, CtcAlignmentJob)]
    assert len(alignments) == 2
    files = [data["datasets"]["alignments"]["files"][0] for data in (transducer.train_data, transducer.dev_data)]
    assert files == [job.out_hdf for job in alignments]
    last = ctc.out_checkpoints[ctc.num_epochs].path
    assert all(job.log_posteriors.creator.model_checkpoint.path is last for job in alignments)
    assert transducer.preload[0].checkpoint.path is last
