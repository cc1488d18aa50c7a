"""``python -m localsis``: the same as ``./sis``, without choosing an interpreter."""

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
