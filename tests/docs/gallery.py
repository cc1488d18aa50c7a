"""
The pictures of docs/gallery.md: each architecture of ``configs/gallery`` in its search; and that of the README.

``python -m tests.docs.gallery`` draws those anew of which the network has changed, and new ones; it needs Graphviz.
"""

from __future__ import annotations

import hashlib
import importlib
import pathlib
import re
import tempfile
import warnings
from typing import Any

from recipe import nn

from .pages import ROOT, blocks

PLACE = ROOT / "docs" / "gallery"
ARCHITECTURES = sorted(path.stem for path in (ROOT / "configs" / "gallery").glob("*.py") if path.stem != "__init__")
README = "decoder"
NAMES = [*ARCHITECTURES, README]


def network_of(name: str) -> nn.Network:
    """That of its search, if there is one."""
    if name == README:
        return decoder_of_the_readme()
    module = importlib.import_module(f"configs.gallery.{name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nn.NetworkWarning)
        network: nn.Network = (module.search if hasattr(module, "search") else module.training)()
    return network


def decoder_of_the_readme() -> nn.Network:
    """The decoder that the README shows, on the frames of an encoder."""
    names: dict[str, Any] = {"__name__": "__docs__"}
    (block,) = (block for block in blocks("README.md") if block.kind == "python")
    exec(compile(block.code, block.place, "exec"), names)
    encoder_dim, letters = nn.Dim(256, "encoder"), nn.Dim(29, "letters")
    frames = nn.ExternData("encoder", [nn.batch_dim, nn.Dim(None, "time"), encoder_dim])
    decoder = names["Decoder"](encoder_dim, letters)

    def recognition(search: nn.BeamSearch) -> nn.Tensor:
        found: nn.Tensor
        _, found = decoder(nn.get_extern_data(frames), search=search)
        return found

    return nn.Network(recognition, search=nn.BeamSearch(12))


def drawn_depth(name: str) -> int | None:
    """How deep modules are opened; None: as deep as is readable."""
    return 1 if name == README else None


def what_is_drawn(name: str) -> str:
    """A hash of what Graphviz is given, which stands at the end of the picture."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "network.dot"
        network_of(name).draw(str(path), depth=drawn_depth(name))
        return hashlib.sha256(path.read_bytes()).hexdigest()


def what_was_drawn(name: str) -> str:
    """The hash in a picture that is there, else nothing."""
    path = PLACE / f"{name}.svg"
    return path.read_text(encoding="utf-8")[-69:-5].strip() if path.exists() else ""


def draw(name: str) -> None:
    """Draws a picture, without Graphviz' comments and version."""
    path = PLACE / f"{name}.svg"
    network_of(name).draw(str(path), depth=drawn_depth(name))
    text = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    path.write_text(f"{text.strip()}\n<!-- {what_is_drawn(name)} -->\n", encoding="utf-8")


if __name__ == "__main__":
    PLACE.mkdir(exist_ok=True)
    for each in NAMES:
        if what_was_drawn(each) != what_is_drawn(each):
            draw(each)
            print(f"docs/gallery/{each}.svg")
