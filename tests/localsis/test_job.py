"""What jobs may do besides running tasks: requirements, environment, shell commands, tags."""

from __future__ import annotations

import subprocess

import pytest
from sisyphus import Job, Task, tk

from localsis.job_directory import info_text

from .graph_examples import ArrayJob, SourceJob, UserJob


def test_last_call_for_requirements_counts() -> None:
    job = UserJob("requirements")
    task = next(iter(job.tasks()))
    job.update_rqmt("run", {"mem": 8}).update_rqmt("run", {"gpu": 1})
    assert job._sis_task_rqmt(task) == {"cpu": 2, "mem": 4, "time": 1, "gpu": 1}
    job.set_rqmt("run", {"cpu": 3})
    assert job._sis_task_rqmt(task) == {"cpu": 3}


def test_default_task() -> None:
    class PlainJob(Job):
        def __init__(self) -> None:
            pass

    (task,) = PlainJob().tasks()
    assert task.name == "run" and list(task.ids()) == [1]


def test_array_arguments() -> None:
    task = Task("run", args=[1, (2, 3), [4]])
    assert task.arguments == [(1,), (2, 3), [4]]
    assert [len(task.ids()) for task in ArrayJob([], split=5).tasks()] == [5, 1]


def test_shell(capfd: pytest.CaptureFixture[str]) -> None:
    job = UserJob("shell")
    job.word = "it's"
    assert job.sh('echo "{word}" {other}', capture_output=True, other=2) == "it's 2\n"
    assert job.sh("exit 3", except_return_codes=(0, 3)) is None
    with pytest.raises(subprocess.CalledProcessError):
        job.sh("false | true")
    with pytest.raises(subprocess.CalledProcessError):
        job.sh('echo "$NOT_SET_ANYWHERE"')
    job.sh("false | true", pipefail=False)
    job.sh("echo quiet >&2", sis_quiet=True)
    assert "Run in Shell: exit 3" in capfd.readouterr().out


def test_tags_are_those_given_or_of_inputs() -> None:
    assert UserJob("tags", sis_tags={"fast"}).tags == {"fast"}
    tagged = UserJob(tk.Path("tagged_input", tags={"a", "b"}))
    assert tagged.tags == {"a", "b"} and UserJob(tagged.out, "user").tags == {"a", "b"}


def test_information_in_the_order_of_sisyphus() -> None:
    source = SourceJob("of info")
    job = UserJob({"z": source.out_file}, b=1, a=[source.out_value], sis_tags={"t"})
    job.add_alias("second").add_alias("first")
    lines = info_text(job).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "TAG",
        "INPUT",
        "INPUT",
        "PARAMETER",
        "PARAMETER",
        "ALIAS",
        "ALIAS",
    ]
    assert lines[3].startswith("PARAMETER: args: ({'z': <Path /") and lines[5] == "ALIAS: first"
    assert "[<Variable work/tests/localsis/graph_examples/SourceJob." in lines[4]
    assert str(job) == f"Job<alias/second work/{job.job_id()}>"


def test_attributes_from_arguments() -> None:
    job = UserJob("attributes")
    job.set_attrs({"self": job, "args": "not replaced", "fresh": 1})
    assert job.fresh == 1 and job.args == ("attributes",)
