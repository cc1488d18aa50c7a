"""
Sound files that are empty or end too early, as of copies that were interrupted: libsndfile reads what is there of WAV
and OGG.
"""

from __future__ import annotations

import os
import struct

from .ogg_pages import is_last_page

_STREAMED = 0x7FFFF000
"""Programs that do not know the size when they begin to write say this or more, or 0."""

_LONGEST_PAGE = 65_307


def why_truncated(path: str) -> str | None:
    """What shows that a file is empty, or that a WAV or OGG file is not complete; None if nothing does."""
    size = os.path.getsize(path)
    if not size:
        return "it is empty (0 bytes)"
    with open(path, "rb") as file:
        start = file.read(12)
        if start[:4] == b"RIFF" and start[8:] == b"WAVE":
            (said,) = struct.unpack_from("<I", start, 4)
            if 0 < said < _STREAMED and said + 8 > size + 1:
                return f"it is truncated: {size} bytes, but its header says {said + 8}"
        elif start[:4] == b"OggS":
            file.seek(max(0, size - _LONGEST_PAGE))
            if not is_last_page(file.read()):
                return f"it is truncated: {size} bytes that do not end with the last page of an OGG file"
    return None
