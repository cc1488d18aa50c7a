"""``python -m returnn_recurrent show JOB`` or ``why JOB_A JOB_B``: as ``./sis``, in another setup."""

import importlib
import sys

sys.exit(importlib.import_module("returnn_recurrent.jobs.inspection.commands").main(sys.argv[1:]))
