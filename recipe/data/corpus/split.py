"""Parts of a corpus: by speakers, so that none is in two parts, or by segments; always the same parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from .corpus import Corpus, Segment


def split_by_speaker(corpus: Corpus, shares: Mapping[str, float]) -> dict[str, Corpus]:
    """
    Parts without common speakers.

    Speakers come in the order of the MD5 of their names, each into the part that lacks most of its share of segments.

    :param shares: by the name of a part, how much it gets, in any unit
    :return: the parts, with segments in the order of the corpus
    :raises ValueError: if there are fewer speakers than parts
    """
    _check_shares(shares)
    counts: dict[str, int] = {}
    for segment in corpus:
        counts[segment.speaker] = counts.get(segment.speaker, 0) + 1
    if len(counts) < len(shares):
        raise ValueError(
            f"{len(counts)} speakers cannot be divided into {len(shares)} parts ({', '.join(shares)}): "
            "split by segments"
        )
    filled = dict.fromkeys(shares, 0.0)
    part_of: dict[str, str] = {}
    for speaker in sorted(counts, key=_md5):
        empty = [part for part in shares if not filled[part]]
        left = len(counts) - len(part_of)
        choice = empty if len(empty) == left else list(shares)  # the last speakers are for parts without any
        part = min(choice, key=lambda part: filled[part] / shares[part])
        part_of[speaker] = part
        filled[part] += counts[speaker]
    return _parts(corpus, shares, {segment.name: part_of[segment.speaker] for segment in corpus})


def split_by_segment(corpus: Corpus, shares: Mapping[str, float]) -> dict[str, Corpus]:
    """
    Parts by the MD5 of each segment's name: what is added to a corpus moves no segment into another part.

    :param shares: by the name of a part, how much it gets, in any unit; met on average
    :return: the parts, with segments in the order of the corpus
    :raises ValueError: if a part would be empty
    """
    _check_shares(shares)
    total, part_of = sum(shares.values()), {}
    for segment in corpus:
        place, end = int(_md5(segment.name)[:13], 16) / 16**13 * total, 0.0
        for part, share in shares.items():
            end += share
            part_of[segment.name] = part
            if place < end:
                break
    return _parts(corpus, shares, part_of)


def _parts(corpus: Corpus, shares: Mapping[str, float], part_of: Mapping[str, str]) -> dict[str, Corpus]:
    found: dict[str, list[Segment]] = {part: [] for part in shares}
    for segment in corpus:
        found[part_of[segment.name]].append(segment)
    for part, segments in found.items():
        if not segments:
            raise ValueError(f"part {part!r} would be empty: the corpus has {len(corpus)} segments in all")
    return {part: Corpus(tuple(segments)) for part, segments in found.items()}


def _check_shares(shares: Mapping[str, float]) -> None:
    if not shares or any(share <= 0 for share in shares.values()):
        raise ValueError(f"shares={dict(shares)}: a number above 0 for each part is wanted")


def _md5(name: str) -> str:
    return hashlib.md5(name.encode()).hexdigest()
