"""
The pages of OGG files (RFC 3533).

libsndfile gives each file a random serial number, so that files of the same sound differ; here they get the same one.
"""

from __future__ import annotations

import struct
import zlib

_HEADER = struct.Struct("<4sBBqIIIB")  # capture pattern, version, type, position, serial, number, checksum, segments
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_serial_number(content: bytes, serial: int) -> bytes:
    """
    The same file with another serial number in all pages.

    :param content: an OGG file with one stream
    :raises ValueError: if it is none
    """
    pages, at = [], 0
    while at < len(content):
        pattern, version, kind, position, _, number, _, count = _HEADER.unpack_from(content, at)
        if pattern != b"OggS":
            raise ValueError(f"no OGG file: byte {at} begins no page")
        sizes = content[at + _HEADER.size : at + _HEADER.size + count]
        end = at + _HEADER.size + count + sum(sizes)
        body = content[at + _HEADER.size : end]
        page = _HEADER.pack(pattern, version, kind, position, serial, number, 0, count) + body
        header = _HEADER.pack(pattern, version, kind, position, serial, number, checksum(page), count)
        pages.append(header + body)
        at = end
    return b"".join(pages)


def is_last_page(end: bytes) -> bool:
    """Whether the end of a file has, complete, the page that is marked as the last of its stream."""
    at = end.rfind(b"OggS")
    if at < 0 or len(end) < at + _HEADER.size:
        return False
    *_, kind, _, _, _, _, count = _HEADER.unpack_from(end, at)
    sizes = end[at + _HEADER.size : at + _HEADER.size + count]
    is_whole = len(sizes) == count and len(end) >= at + _HEADER.size + count + sum(sizes)
    return bool(is_whole and kind & 4)


def checksum(page: bytes) -> int:
    """
    The CRC of a page with 0 in the place of its checksum.

    Its polynomial is that of zlib, whose CRC takes bits from the other end: so all bits are turned round.
    """
    turned = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{turned:032b}"[::-1], 2)
