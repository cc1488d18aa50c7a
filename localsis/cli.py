"""The command line of ``./sis``: chooses the engine and runs it."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import subprocess
import sys

USAGE = """usage: ./sis manager CONFIG ...
       ./sis retry [JOB ...]   clears the error of jobs that failed (none named: of all), so that they go on
       ./sis clean [CONFIG ...]  what takes space, and what of it the configs do not need
       ./sis show JOB          what a job is
       ./sis why JOB_A JOB_B   in what two jobs differ
       ./sis draw JOB [FILE]     the networks of a job as pictures
       ./sis draw CONFIG [FILE]  the jobs of a config as a picture
       ./sis check CONFIG        its networks in NumPy and in RETURNN, on made-up data
       ./sis try EXPERIMENT [INPUT]  a trained model on a word, a recording, an array

  CONFIG   configs/g2p.py runs py() of configs/g2p.py, configs/g2p.full runs full() of it
  JOB      its id, an alias, its directory, or the start of its hash

Runs Sisyphus where it is installed, else the embedded engine (SIS_ENGINE=embedded or sisyphus decides otherwise)."""

SISYPHUS = "github.com/rwth-i6/sisyphus"


def main(arguments: list[str]) -> int:
    """
    Runs a command.

    :return: exit status: 0 all outputs are there, 1 they are not, 2 a wrong command
    """
    options = [item for item in arguments if item.startswith("-") and item not in ("-h", "--help")]
    words = [item for item in arguments if not item.startswith("-")]
    if not words or "-h" in arguments or "--help" in arguments:
        print(USAGE)
        return 0 if "-h" in arguments or "--help" in arguments else 2
    if words[0] == "worker" and len(words) == 4:
        return _worker(words)
    try:
        engine = choose_engine()
    except RuntimeError as error:
        return _complain(str(error))
    if engine == "sisyphus":
        return _real(arguments)
    if words[0] not in ("manager", "m"):
        return _complain(f"the embedded engine has no command {words[0]!r}; install Sisyphus for it: {SISYPHUS}", 2)
    unknown = [option for option in options if option not in ("-r", "--run")]
    if unknown or len(words) < 2:
        return _complain(f"unknown option {unknown[0]}\n{USAGE}" if unknown else USAGE, 2)
    return _manager(words[1:])


def choose_engine() -> str:
    """
    "sisyphus" where the real one can be imported, else "embedded".

    :raises RuntimeError: if the package called sisyphus is another project, or the one wanted is not there
    """
    wanted = os.environ.get("SIS_ENGINE", "")
    if wanted not in ("", "embedded", "sisyphus"):
        raise RuntimeError(f"SIS_ENGINE is embedded or sisyphus, not {wanted!r}")
    if wanted == "embedded":
        return "embedded"
    found = importlib.util.find_spec("sisyphus")
    if found is None:
        if wanted:
            raise RuntimeError(f"SIS_ENGINE=sisyphus, but Sisyphus is not installed: {SISYPHUS}")
        return "embedded"
    places = [pathlib.Path(place) for place in found.submodule_search_locations or []]
    if any((place / "toolkit.py").exists() and (place / "job.py").exists() for place in places):
        return "sisyphus"
    raise RuntimeError(
        f"the installed package sisyphus ({places[0] if places else found.origin}) is another project of that name. "
        f"Remove it: pip uninstall sisyphus. The one that is meant is {SISYPHUS}; without it the embedded engine runs"
    )


def _manager(configs: list[str]) -> int:
    from . import import_paths, settings
    from .config_call import ConfigError, call_config
    from .manager import Manager, ManagerError
    from .module import install
    from .settings_values import SettingsError
    from .work_lock import WorkDirectoryError, lock_work_directory

    install()
    try:
        settings.load(os.getcwd())
        sys.path.insert(0, settings.BASE_DIR)
        import_paths.install()
        with lock_work_directory(settings.work_dir()):
            for config in configs:
                call_config(config)
            settings.check_changes()
            return Manager().run()
    except (ConfigError, ManagerError, SettingsError, WorkDirectoryError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:  # while the config was read; later the manager itself ends in good order
        return _complain("stopped; nothing was started")
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("numpy", "rich", "psutil", "rapidfuzz", "h5py", "matplotlib"):
            return _complain(f"{error}. Install what this setup needs: make venv")
        raise


def _worker(words: list[str]) -> int:
    from . import settings
    from .module import install
    from .worker import run

    install()
    settings.load(os.getcwd())
    return run(words[1], words[2], int(words[3]))


def _real(arguments: list[str]) -> int:
    """Runs Sisyphus; its manager by :mod:`localsis.under_sisyphus`, in place of this process."""
    from . import settings
    from .work_lock import WorkDirectoryError, lock_work_directory

    program = pathlib.Path(sys.executable).with_name("sis")
    if not program.exists():
        return _complain(f"Sisyphus can be imported, but its program {program} is not there; install it with pip")
    command = [str(program), *arguments]
    if arguments[0] not in ("manager", "m"):
        return subprocess.call(command)
    if "-r" not in arguments:
        command.insert(2, "-r")
    if not {"-co", "-io"} & set(arguments):
        command.insert(2, "-io")  # errors are told of at the end, and cleared by ./sis retry
    settings.load(os.getcwd(), for_sisyphus=True)
    try:
        lock = lock_work_directory(settings.work_dir())
    except WorkDirectoryError as error:
        return _complain(str(error))
    os.set_inheritable(lock.fileno(), True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "localsis.under_sisyphus", *command])


def _complain(text: str, status: int = 1) -> int:
    print(text, file=sys.stderr)
    return status
