"""``python -m returnn_recurrent show JOB``, ``why JOB_A JOB_B`` or ``retry JOB``: as ``./sis``, in another setup."""

import importlib
import sys

command_line = importlib.import_module("localsis.command_line")
commands = importlib.import_module("returnn_recurrent.jobs.commands").COMMANDS
sys.exit(command_line.run(sys.argv[1:], commands, "python -m returnn_recurrent"))
