"""``python -m recipe.nn.from_net_dict FILE``, the old name of ``python -m recipe.from_net_dict FILE``."""

import sys

from recipe.from_net_dict.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
