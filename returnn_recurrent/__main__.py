"""``python -m returnn_recurrent show JOB``, ``why JOB_A JOB_B`` or ``retry JOB``: as ``./sis``, in another setup."""

import importlib
import sys

room = "cleaning" if sys.argv[1:2] in (["retry"], ["clean"]) else "inspection"
sys.exit(importlib.import_module(f"returnn_recurrent.jobs.{room}.commands").main(sys.argv[1:]))
