"""
Transcripts in the formats of NIST's scoring tools: TRN and CTM.

Both have spaces between fields and brackets with a meaning, so tags are written percent-encoded where they have other
characters than letters, digits and ``._-/#'``.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence

from sisyphus import tk

from .atomic_file import write_text
from .hypotheses import Labels

_SAFE = "._-/#'"


def encode_tag(tag: str) -> str:
    """A tag without spaces and brackets; different tags stay different."""
    return urllib.parse.quote(tag, safe=_SAFE)


def decode_tag(text: str) -> str:
    """The tag that was encoded."""
    return urllib.parse.unquote(text)


def write_trn(
    path: tk.Path, transcripts: Mapping[str, Sequence[Labels]], speakers: Mapping[str, str] | None = None
) -> None:
    """
    Writes ``labels (speaker-tag)``, a sequence a line, in the order of the tags; several transcripts of a sequence as
    alternatives ``{ a b / c }``.

    :param transcripts: by tag
    :param speakers: by tag; default: ``all``
    """
    lines = []
    for tag in sorted(transcripts):
        texts = [" ".join(map(encode_label, labels)) for labels in transcripts[tag]]
        text = texts[0] if len(texts) == 1 else "{ " + " / ".join(text or "@" for text in texts) + " }"
        lines.append(f"{text} ({trn_id(tag, (speakers or {}).get(tag))})\n".lstrip(" "))
    write_text(path, "".join(lines))


def trn_id(tag: str, speaker: str | None = None) -> str:
    """``speaker-tag``, from which sclite takes what stands before the first ``-`` or ``_`` as speaker."""
    return f"{encode_speaker(speaker or 'all')}-{encode_tag(tag)}"


def encode_speaker(speaker: str) -> str:
    """A speaker's name in which no ``-`` or ``_`` ends it early."""
    return urllib.parse.quote(speaker, safe="./#").replace("-", "%2D").replace("_", "%5F")


def write_ctm(path: tk.Path, transcripts: Mapping[str, Labels], seconds: Mapping[str, float] | None = None) -> None:
    """
    Writes ``tag 1 start duration label``, a label a line. There is no alignment: the labels of a sequence are spread
    evenly over its time.

    :param transcripts: by tag
    :param seconds: length of each sequence; default: a second for each label
    """
    lines = []
    for tag in sorted(transcripts):
        labels = transcripts[tag]
        each = seconds[tag] / max(len(labels), 1) if seconds is not None else 1.0
        for position, label in enumerate(labels):
            lines.append(f"{encode_tag(tag)} 1 {position * each:.3f} {each:.3f} {encode_label(label)}\n")
    write_text(path, "".join(lines))


def encode_label(label: str) -> str:
    """
    A label that sclite takes as one plain word: brackets, ``@`` and alternatives mean something to it, so these are
    percent-encoded; most labels stay as they are, also ``<unk>`` and ``%hesitation``.
    """
    if label in ("", "/"):
        return urllib.parse.quote(label, safe="") or "%00"
    label = re.sub(r"%(?=[0-9A-Fa-f]{2})", "%25", label)
    return re.sub(r"[{}()@\s]|^;", lambda match: urllib.parse.quote(match[0], safe=""), label)
