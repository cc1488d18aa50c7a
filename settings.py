"""Settings for Sisyphus and for the embedded engine."""

import os
import shutil

IMPORT_PATHS = ["configs", "jobs", "recipe"]
CONFIG_PREFIX = "configs"
CONFIG_FUNCTION_DEFAULT = "configs.g2p.py"

ON_CLUSTER = shutil.which("sbatch") is not None


def engine():
    """Long jobs go to Slurm where there is one; short ones, and all of them elsewhere, run on this machine."""
    from sisyphus.localengine import LocalEngine

    cores = len(os.sched_getaffinity(0))
    if not ON_CLUSTER:
        gpus = 1 if shutil.which("nvidia-smi") else 0
        return LocalEngine(cpus=cores, gpus=gpus, available_gpus="0" if gpus else "")

    from sisyphus.engine import EngineSelector
    from sisyphus.simple_linux_utility_for_resource_management_engine import (
        SimpleLinuxUtilityForResourceManagementEngine as SlurmEngine,
    )

    return EngineSelector(
        engines={
            "short": LocalEngine(cpus=min(cores, 4), gpus=0),
            "long": SlurmEngine(default_rqmt={"cpu": 1, "mem": 2, "gpu": 0, "time": 1}),
        },
        default_engine="long",
    )


def check_engine_limits(current_rqmt, task):
    """
    Refuses what this machine or cluster does not have: the local engine would wait for it for ever, with a warning a
    second, and Slurm would be asked for it again and again. It runs in the manager, and once more in each task.
    """
    if task.mini_task or "SLURM_JOB_ID" in os.environ:
        return current_rqmt
    if ON_CLUSTER:
        from jobs.slurm_nodes import fitting_request, node_groups

        return fitting_request(current_rqmt, task.rqmt(), str(task), node_groups())
    if current_rqmt.get("gpu", 0) and not shutil.which("nvidia-smi"):
        raise RuntimeError(f'{task}: it wants a GPU, and this machine has none. Give device="cpu", or use a cluster')
    return {**current_rqmt, "cpu": min(len(os.sched_getaffinity(0)), current_rqmt.get("cpu", 1))}


# Files of one machine are there at once; on a cluster's file system Sisyphus' own careful waiting times stay.
if not ON_CLUSTER:
    WAIT_PERIOD_JOB_FS_SYNC = 0
    WAIT_PERIOD_JOB_CLEANUP = 0
    WAIT_PERIOD_CACHE = 0
    WAIT_PERIOD_BETWEEN_CHECKS = 0.5
    WAIT_PERIOD_MTIME_OF_INPUTS = 0
    PLOGGING_INTERVAL = 1
    PLOGGING_UPDATE_FILE_PERIOD = 1

JOB_AUTO_CLEANUP = False  # logs stay where they are
SHOW_JOB_TARGETS = False
USE_VERBOSE_TRACEBACK = False

# Tasks run with this environment alone: what they need of ours is named here.
DEFAULT_ENVIRONMENT_SET = {
    "LANG": "C.UTF-8",
    "PATH": os.environ.get("PATH", os.defpath),
    "SHELL": "/bin/bash",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
