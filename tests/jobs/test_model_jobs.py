"""What the jobs that run a trained network say to wrong networks and arguments, and what is in their ids."""

from __future__ import annotations

from typing import Any

import pytest
from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.convert_checkpoint import ConvertCheckpointJob
from jobs.export_model import parameters_of
from jobs.forward import ForwardJob
from jobs.prior import PriorJob
from jobs.recognition import recognize_checkpoints
from jobs.rescoring import RescoringJob
from jobs.search import SearchJob, search_seconds
from jobs.training import TrainingJob
from recipe import nn

from .configs.everything import Encoded, Logits
from .configs.tiny import tiny_model

CHECKPOINT = Checkpoint(tk.Path("model.index"))
DATA = {"class": "HDFDataset", "files": [tk.Path("data.hdf")]}
MODEL = tiny_model()
TRAINING = nn.Network(MODEL)
SEARCH = nn.Network(MODEL, search=nn.BeamSearch(3))


def test_search_wants_a_network_that_searches() -> None:
    with pytest.raises(ValueError, match="record it with search=nn.BeamSearch"):
        SearchJob(TRAINING, CHECKPOINT, DATA)


def test_search_wants_names_of_labels_without_spaces() -> None:
    def network(labels: list[str] | None, copies: int | None = None) -> nn.Network:
        dim = nn.Dim(3, "labels", labels=labels)
        data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), nn.Dim(2, "features")])

        def forward() -> nn.Tensor:
            mean = nn.reduce_mean(nn.get_extern_data(data), axis=data.dims[1])
            readout = nn.Linear(dim)
            loop = nn.Loop(max_seq_len=3)
            loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=dim)
            with loop:
                loop.state.label = nn.choice(readout(mean), search=nn.BeamSearch(2))
                loop.end(loop.state.label == 0, include_eos=False)
                label = loop.state.label
                if copies is not None:
                    label = nn.expand(label, [nn.Dim(copies, "copies")])
                return loop.stack(label)

        return nn.Network(_Of(forward))

    with pytest.raises(ValueError, match="have no names to print"):
        SearchJob(network(None), CHECKPOINT, DATA)
    with pytest.raises(ValueError, match="'b c' cannot be one"):
        SearchJob(network(["a", "b c", "d"]), CHECKPOINT, DATA)
    with pytest.raises(ValueError, match=r"needs sequences of labels as its output, not .*copies"):
        SearchJob(network(["a", "b", "d"], copies=2), CHECKPOINT, DATA)


class _Of(nn.Module):
    """A module from a function, whose parameters have names below ``linear``."""

    def __init__(self, function: Any):
        super().__init__()
        self.function = function

    def forward(self) -> nn.Tensor:
        """What the function gives."""
        return self.function()


def test_forward_and_prior_want_outputs_that_fit() -> None:
    with pytest.raises(ValueError, match="no output to keep"):
        ForwardJob(TRAINING, CHECKPOINT, DATA)
    with pytest.raises(ValueError, match="use SearchJob"):
        ForwardJob(SEARCH, CHECKPOINT, DATA)
    with pytest.raises(ValueError, match="returns scores of labels"):
        PriorJob(SEARCH, CHECKPOINT, DATA)
    with pytest.raises(ValueError, match="input_type is one of logits, log_prob, prob, not 'posterior'"):
        PriorJob(nn.Network(Logits(MODEL)), CHECKPOINT, DATA, input_type="posterior")


def test_rescoring_wants_one_cross_entropy_and_a_known_end_label() -> None:
    with pytest.raises(ValueError, match="exactly one nn.cross_entropy.* has 0"):
        RescoringJob(SEARCH, CHECKPOINT, tk.Path("h"), DATA)
    with pytest.raises(ValueError, match="end_label '<eos>' is no label of the network; it has: </s> AA"):
        RescoringJob(TRAINING, CHECKPOINT, tk.Path("h"), DATA, end_label="<eos>")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu"}, "device is"),
        ({"config": {"a": 1}, "post_config": {"a": 2}}, "stand in config and in post_config: a"),
        ({"config": {"load": "x"}}, "set by the job itself.*load"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ForwardJob(nn.Network(Encoded(MODEL)), CHECKPOINT, DATA, **options)


def test_what_is_hashed() -> None:
    job = SearchJob(SEARCH, CHECKPOINT, DATA)
    same = [{"engine": "torch"}, {"device": "gpu"}, {"mem_rqmt": 9}, {"post_config": {"x": 1}}, {"log_verbosity": 3}]
    assert {SearchJob(SEARCH, CHECKPOINT, DATA, **options).job_id() for options in same} == {job.job_id()}
    other = [{"config": {"batch_size": 1}}, {"seconds_per_frame": 0.01}]
    assert job.job_id() not in {SearchJob(SEARCH, CHECKPOINT, DATA, **options).job_id() for options in other}
    assert SearchJob(nn.Network(MODEL, search=nn.BeamSearch(4)), CHECKPOINT, DATA).job_id() != job.job_id()


@pytest.mark.parametrize(("ending", "engine"), [("index", "tensorflow"), ("pt", "torch")])
def test_engine_is_that_of_the_checkpoint_unless_another_is_asked_for(ending: str, engine: str) -> None:
    checkpoint = Checkpoint(tk.Path(f"model.{ending}"))
    job = SearchJob(SEARCH, checkpoint, DATA)
    assert (job.engine, job.model_checkpoint) == (engine, checkpoint)
    assert SearchJob(SEARCH, checkpoint, DATA, engine=engine).model_checkpoint is checkpoint
    (other,) = {"tensorflow", "torch"} - {engine}
    converted = ForwardJob(nn.Network(Encoded(MODEL)), checkpoint, DATA, engine=other).model_checkpoint
    assert converted.engine == other and isinstance(converted.path.creator, ConvertCheckpointJob)
    with pytest.raises(nn.NetworkError, match="engine is one of 'tensorflow', 'torch', not 'jax'"):
        SearchJob(SEARCH, checkpoint, DATA, engine="jax", config={"max_seqs": 1})


def test_another_engine_of_the_same_job_is_told(caplog: pytest.LogCaptureFixture) -> None:
    SearchJob(SEARCH, CHECKPOINT, DATA)
    job = SearchJob(SEARCH, CHECKPOINT, DATA, engine="tensorflow")  # which it has
    assert not caplog.messages
    assert SearchJob(SEARCH, CHECKPOINT, DATA, engine="torch") is job and job.engine == "tensorflow"
    assert "asked for twice: with engine='tensorflow'" in caplog.text


def test_largest_stream_decides_the_batch_size() -> None:
    network = nn.Network(Encoded(MODEL))
    sizes = [{"batch_size": 7}, {"batch_size": {"data": 3, "classes": 9}}, {}]
    assert [ForwardJob(network, CHECKPOINT, DATA, config=config).batch_size for config in sizes] == [7, 9, 10_000]


def test_time_of_a_search() -> None:
    steps = (
        "epoch 1 search, step 0, max_size 3, 0.739 sec/step, elapsed 0:00:01\nepoch 1 search, step 1, 0.2 sec/step\n"
    )
    done = "epoch 1 search, finished after 2 steps, 1:02:03 elapsed (63.7% computing time)\n"
    assert search_seconds(steps + done) == 0.939
    assert search_seconds(done) == 3723
    assert search_seconds("") is None
    by_torch = "ep 1 eval forward, step 0, 0.040 sec/step, elapsed 0:00:00, exp. remaining 0:00:00, complete 40.00%\n"
    assert search_seconds(by_torch) == 0.04
    assert search_seconds("Forward 2 steps, 0:00:05 elapsed (63.7% computing time)\n") == 5


def test_parameters_of_a_network_in_a_checkpoint() -> None:
    values = TRAINING.random_parameters()
    assert set(parameters_of(SEARCH, {**values, "global_step": values["decoder/cell/W"]})) == set(SEARCH.parameters)
    with pytest.raises(ValueError, match="the checkpoint has no decoder/cell/W; it has: "):
        parameters_of(SEARCH, {name: value for name, value in values.items() if name != "decoder/cell/W"})
    with pytest.raises(ValueError, match=r"decoder/cell/W is \(14, 24\) in the network, but \(3,\) in the checkpoint"):
        parameters_of(SEARCH, {**values, "decoder/cell/W": values["decoder/cell/W"][0, :3]})


def test_recognition_of_epochs_that_are_not_kept() -> None:
    training = TrainingJob(TRAINING, DATA, DATA, num_epochs=9, keep_epochs={3})
    with pytest.raises(ValueError, match="keeps no checkpoint of epoch 5 for sure; it keeps: 3, 9"):
        recognize_checkpoints(training, lambda name, checkpoint: {}, epochs=[5])


def test_recognition_asks_the_training_to_keep_what_it_needs() -> None:
    training = TrainingJob(TRAINING, DATA, DATA, num_epochs=9, keep_epochs={3})

    def recognize(name: str, checkpoint: Checkpoint) -> dict[str, tk.Variable]:
        job = SearchJob(SEARCH, checkpoint, DATA)
        return {"dev": job.out_search_time, "test": job.out_num_seqs}

    recognition = recognize_checkpoints(
        training, recognize, best=["dev_score"], average_of_last=[4], average_of_best={"dev_score": 3}
    )
    assert list(recognition.checkpoints) == [
        "epoch_003",
        "epoch_009",
        "best_dev_score",
        "average_of_last_4",
        "average_of_best_3_dev_score",
    ]
    assert (training.keep_rules.last_n, training.keep_rules.best_n) == (4, 3)
    assert recognition.summary.best_by == "dev"
