"""``./sis manager``: runs the jobs of configs, by the engine of this setup."""

from __future__ import annotations

import argparse
import os
import sys

SUMMARY = "runs the jobs that configs ask for"

DESCRIPTION = """\
Runs the jobs that configs ask for, and says at the end what is done, what failed and why. Started again, it goes on
with what is left.

With Sisyphus, its own options are passed on: -co, -cio, -io, -i, --http, --ui and others (see `sis manager -h`)."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments."""
    parser.add_argument("configs", metavar="CONFIG", nargs="+", help="as configs/g2p.py, configs/g2p.full")
    parser.add_argument(
        "-r", "--run", action="store_true", help="does nothing: jobs are always run, without a question"
    )


def run(options: argparse.Namespace) -> int:
    """Runs the embedded engine; gives 0 if all outputs are there, else 1."""
    from . import settings
    from .config_call import ConfigError, call_config
    from .manager import Manager, ManagerError
    from .settings_values import SettingsError
    from .this_process import enter_setup
    from .work_lock import WorkDirectoryError, lock_work_directory

    try:
        enter_setup(os.getcwd())
        with lock_work_directory(settings.work_dir()):
            for config in options.configs:
                call_config(config)
            settings.check_changes()
            return Manager().run()
    except (ConfigError, ManagerError, SettingsError, WorkDirectoryError) as error:
        return complain(str(error))
    except KeyboardInterrupt:  # while the config was read; later the manager itself ends in good order
        return complain("stopped; nothing was started")


def run_sisyphus(arguments: list[str]) -> int:
    """
    Runs Sisyphus' manager, by :mod:`localsis.under_sisyphus`, in place of this process.

    :param arguments: all that the command line says, for Sisyphus
    """
    from . import settings
    from .config_names import ConfigError
    from .sisyphus_program import check_configs, program
    from .work_lock import WorkDirectoryError, lock_work_directory

    command = [str(program()), *arguments]
    if "-r" not in arguments:
        command.insert(2, "-r")
    if not {"-co", "-io"} & set(arguments):
        command.insert(2, "-io")  # errors are told of at the end, and cleared by ./sis retry
    try:
        check_configs(arguments[1:])
        settings.load(os.getcwd(), for_sisyphus=True)
        lock = lock_work_directory(settings.work_dir())
    except (ConfigError, WorkDirectoryError) as error:
        return complain(str(error))
    os.set_inheritable(lock.fileno(), True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "localsis.under_sisyphus", *command])


def complain(text: str) -> int:
    """Tells what keeps a command from being done; gives its exit status."""
    print(text, file=sys.stderr)
    return 1
