"""What a file gets that is not translated at all."""

from __future__ import annotations


class NetDictError(Exception):
    """Why a file cannot be translated, for its owner."""
