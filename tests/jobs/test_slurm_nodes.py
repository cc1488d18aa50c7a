"""Requests that no node can meet are refused before Sisyphus submits them again and again."""

from __future__ import annotations

import math
import pathlib
from typing import Any

import pytest

from jobs.slurm_nodes import NodeGroup, fitting_request, node_groups, read_node_groups

SINFO = """\
3|2|20000|gpu:1|infinite
10|64|257000|(null)|7-00:00:00
2|32|515000|gpu:a100:4(S:0-1),nvme:1|1-12:30:00
1|32|515000|gpu:a100:2(S:0),gpu:v100:1,shard:gpu:8|30:00
"""
GROUPS = read_node_groups(SINFO.splitlines())


def test_what_sinfo_prints() -> None:
    assert GROUPS == [
        NodeGroup(3, 2, 20000 / 1024, {"": 1}, math.inf),
        NodeGroup(10, 64, 257000 / 1024, {}, 168.0),
        NodeGroup(2, 32, 515000 / 1024, {"a100": 4}, 36.5),
        NodeGroup(1, 32, 515000 / 1024, {"a100": 2, "v100": 1}, 0.5),
    ]


@pytest.mark.parametrize(
    "rqmt",
    [
        {"cpu": 2, "mem": 19, "time": 1000, "gpu": 1},
        {"cpu": 64, "mem": 250.0, "time": 168},
        {"cpu": 1, "mem": 500, "time": 36, "gpu": 4, "gpu_name": "a100"},
        {"cpu": 1, "mem": 1, "time": 0.5, "gpu": 3},
        {"mem": 1, "gpu": 1, "multi_node_slots": 3},
        {"cpu": 1, "mem": 1, "time": 1, "sbatch_args": ["-p", "x"]},
    ],
)
def test_what_can_be_met_stays(rqmt: dict[str, Any]) -> None:
    assert fitting_request(rqmt, rqmt, "Job.run", GROUPS) is rqmt


@pytest.mark.parametrize(
    "rqmt",
    [
        {"cpu": 65, "mem": 1, "time": 1},
        {"cpu": 1, "mem": 503, "time": 1},
        {"cpu": 2, "mem": 20, "time": 200, "gpu": 1},
        {"cpu": 1, "mem": 1, "time": 1, "gpu": 5},
        {"cpu": 1, "mem": 1, "time": 1, "gpu": 1, "gpu_name": "h100"},
        {"cpu": 1, "mem": 1, "time": 1, "gpu": 1, "gpu_name": "v100"},
        {"mem": 1, "gpu": 4, "multi_node_slots": 3},
    ],
)
def test_what_cannot_be_met_is_refused_with_what_there_is(rqmt: dict[str, Any]) -> None:
    with pytest.raises(
        RuntimeError, match=r"Job.run: no node of this cluster has .*There are: .*GPUs: 4 a100"
    ) as caught:
        fitting_request(rqmt, rqmt, "Job.run", GROUPS)
    assert "10 with 64 cores, 250 GB, no GPU, for 168 h" in str(caught.value)


def test_what_sisyphus_raised_is_cut() -> None:
    """After an interruption it doubles memory and time, whatever the cluster has."""
    asked = {"cpu": 1, "mem": 300, "time": 20}
    assert fitting_request({**asked, "mem": 600, "time": 40}, asked, "Job.run", GROUPS) == {
        "cpu": 1,
        "mem": 502,
        "time": 36.5,
    }
    assert fitting_request({**asked, "mem": 600}, asked, "Job.run", GROUPS)["time"] == 20
    with pytest.raises(RuntimeError, match="no node"):
        fitting_request({"cpu": 1, "mem": 1200, "time": 1}, {"cpu": 1, "mem": 600, "time": 1}, "Job.run", GROUPS)


def test_nothing_is_known_of_the_cluster(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then Slurm decides alone."""
    (tmp_path / "sinfo").write_text("#!/bin/sh\necho 'slurm_load_partitions: Unable to contact' >&2\nexit 1\n")
    (tmp_path / "sinfo").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    node_groups.cache_clear()
    assert node_groups() == ()
    (tmp_path / "sinfo").write_text("#!/bin/sh\necho '3|2|20000|gpu:1|infinite'\n")
    node_groups.cache_clear()
    assert node_groups() == (GROUPS[0],)
    (tmp_path / "sinfo").write_text("#!/bin/sh\necho 'something else'\n")
    node_groups.cache_clear()
    assert node_groups() == ()
    node_groups.cache_clear()
    rqmt = {"mem": 10000}
    assert fitting_request(rqmt, rqmt, "Job.run", ()) is rqmt
