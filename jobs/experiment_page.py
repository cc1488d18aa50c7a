"""The job that makes one HTML page of an experiment, to look at and to keep: no script, no other file."""

from __future__ import annotations

import base64
import html
import json
import math
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sisyphus import Job, Task, tk

from recipe import nn
from recipe.nn.pictures.drawing import picture

from .alignments import Alignment, read_alignments
from .atomic_file import write_text
from .task_costs import cost_rows

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; margin: .6rem 0; } th, td { padding: .15rem .7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 1px solid #888; }
img { max-width: 100%; } pre { overflow-x: auto; background: #f4f4f4; padding: .8rem; font-size: 13px; }
.picture { overflow-x: auto; } .picture img { max-width: none; }
.alignment { display: flex; flex-wrap: wrap; row-gap: .5rem; font-family: monospace; }
.alignment > span { display: flex; flex-direction: column; padding: 0 .35rem; text-align: center; }
.alignment > span:first-child { color: #666; text-align: left; }
.sub { background: #fde2c0; } .ins { background: #cfe8cf; } .del { background: #f6c9c9; }
summary { cursor: pointer; }
"""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do with the page: no script, nothing from elsewhere."""


class ExperimentPageJob(Job):
    """
    One page: scores, learning curves, example hypotheses aligned with their references, the network, config, ids.

    :param title: of the page
    :param network: the trained one; of several stages, the last one is shown
    :param learning_curves: PNG, ``TrainingJob.out_learning_curves``
    :param learning_curves_table: text, ``TrainingJob.out_learning_curves_table``
    :param returnn_config: ``TrainingJob.out_returnn_config_file``
    :param reports: of scoring jobs (``out_report``), by part of the data
    :param alignments: of scoring jobs (``out_alignments``), by part of the data
    :param job_ids: of the jobs that the results are from, by what they are
    :param num_examples: sequences shown of each part: half of them those with most errors, half from the start
    """

    def __init__(
        self,
        title: str,
        *,
        network: nn.Network | nn.StagedNetwork,
        learning_curves: tk.Path,
        learning_curves_table: tk.Path,
        returnn_config: tk.Path,
        reports: dict[str, tk.Path],
        alignments: dict[str, tk.Path],
        job_ids: dict[str, str],
        num_examples: int = 20,
    ):
        shown = network.last if isinstance(network, nn.StagedNetwork) else network
        self.title = title
        self.network = network
        # A network knows its modules where it is recorded, not in the task, which reads it from a file.
        self.summary = shown.summary()
        self.picture_source = picture(shown.picture()).source
        self.learning_curves = learning_curves
        self.learning_curves_table = learning_curves_table
        self.returnn_config = returnn_config
        self.reports = reports
        self.alignments = alignments
        self.job_ids = job_ids
        self.num_examples = num_examples

        self.out_page = self.output_path("experiment.html")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the page.

        :raises ValueError: at a malformed report or alignment
        """
        reports = {part: _read_json(path) for part, path in self.reports.items()}
        with open(self.learning_curves.get_path(), "rb") as file:
            picture = base64.b64encode(file.read()).decode()
        sections = [
            _section("Scores", scores_table(reports), *map(confusions_table, reports, reports.values())),
            _section(
                "Learning curves",
                f'<img alt="learning curves" src="data:image/png;base64,{picture}">',
                _details("as a table", _pre(_read(self.learning_curves_table))),
            ),
            *(
                _section(f"Hypotheses: {part}", *map(alignment_pairs, self._examples(read_alignments(path.get_path()))))
                for part, path in self.alignments.items()
            ),
            _section("Network", network_section(self.network.parameters, self.summary, self.picture_source)),
            _section("Config", _details("RETURNN config of the training", _pre(_read(self.returnn_config)))),
            *self._costs(),
            _section("Ids", ids_table({**self.job_ids, "network": self.network.digest})),
        ]
        write_text(self.out_page, page(self.title, sections))

    def _costs(self) -> list[str]:
        """What the tasks of these jobs needed, where that is known."""
        work_dir = os.path.abspath(self.out_page.get_path()).partition(f"{os.sep}{self.job_id()}{os.sep}")[0]
        costs = {what: cost_rows(os.path.join(work_dir, job_id)) for what, job_id in self.job_ids.items()}
        return [_section("Time and memory", costs_table(costs))] if any(costs.values()) else []

    def _examples(self, alignments: Sequence[Alignment]) -> list[Alignment]:
        worst = sorted(alignments, key=lambda item: (-item.errors, item.tag))[: self.num_examples // 2]
        first = [item for item in alignments if item not in worst][: self.num_examples - len(worst)]
        return [*worst, *first]


def page(title: str, sections: Sequence[str]) -> str:
    """A whole HTML document; the sections are HTML."""
    name = html.escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n<title>{name}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>\n" + "\n".join(sections) + "\n</body>\n</html>\n"
    )


def scores_table(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Rates and counts by part of the data."""
    head = ["", "error rate", "95 % confidence", "labels", "sub", "ins", "del", "sequences wrong", "oracle"]
    rows = []
    for part, report in reports.items():
        low, high = (_number(value) for value in report["confidence_interval"])
        rows.append(
            [
                f"{part} ({report['label']}s)",
                f"{_number(report['error_rate'])} %",
                f"{low} to {high} %",
                report["reference_labels"],
                report["substitutions"],
                report["insertions"],
                report["deletions"],
                f"{_number(report['sequence_error_rate'])} %",
                f"{_number(report['oracle_error_rate'])} %",
            ]
        )
    return _table(head, rows)


def confusions_table(part: str, report: Mapping[str, Any]) -> str:
    """The most frequent substitutions of a part of the data."""
    rows = [[f"{right} → {found}", count] for (right, found), count in report["confusions"]]
    return _details(f"{part}: most frequent substitutions", _table(["right → found", "count"], rows))


def alignment_pairs(alignment: Alignment) -> str:
    """A reference above the hypothesis, errors in colour; long ones go on in the next line."""
    columns = ["<span><span>right</span><span>found</span></span>"]
    for right, found in alignment.pairs:
        kind = "" if right == found else "ins" if right is None else "del" if found is None else "sub"
        labels = "".join(f"<span>{html.escape(label or '∅')}</span>" for label in (right, found))
        columns.append(f'<span class="{kind}">{labels}</span>')
    errors = f"{alignment.errors} error{'' if alignment.errors == 1 else 's'}"
    return f'<p>{html.escape(alignment.tag)} ({errors})</p>\n<div class="alignment">{"".join(columns)}</div>'


def network_section(parameters: Mapping[str, nn.Parameter], summary: str, picture_source: str) -> str:
    """
    The picture of a network, the table of its modules, and its parameters.

    Without Graphviz the table stands open in the place of the picture, with the reason, and its source is there.

    :param summary: ``network.summary()``
    :param picture_source: in Graphviz' language
    """
    total = sum(math.prod(parameter.shape) for parameter in parameters.values())
    rows = [
        [name, " × ".join(map(str, parameter.shape)), f"{math.prod(parameter.shape):,}"]
        for name, parameter in sorted(parameters.items())
    ]
    svg, problem = svg_picture(picture_source)
    if svg is not None:
        image = f'<img alt="network" src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}">'
        drawn = [_details("picture", f'<div class="picture">{image}</div>'), _details("modules", _pre(summary))]
    else:
        drawn = [
            f"<p>There is no picture: {html.escape(problem)}. Its modules are:</p>{_pre(summary)}",
            _details("source of the picture, for dot", _pre(picture_source)),
        ]
    return "\n".join(
        [
            f"<p>{total:,} parameters</p>",
            *drawn,
            _details("parameters", _table(["name", "shape", "values"], rows)),
        ]
    )


def svg_picture(source: str) -> tuple[bytes | None, str]:
    """
    A picture drawn by Graphviz' program ``dot``, or why there is none.

    :param source: in Graphviz' language
    """
    program = shutil.which("dot")
    if program is None:
        return None, "Graphviz was not installed (Debian: apt install graphviz)"
    result = subprocess.run([program, "-Tsvg"], input=source.encode(), capture_output=True, check=False)
    if result.returncode:
        return None, f"dot ended with status {result.returncode}: {result.stderr.decode(errors='replace').strip()}"
    return result.stdout, ""


def costs_table(costs: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """Each task of each job with its time, memory and host, and of which commit and with which versions it ran."""
    head = ["time", "CPU time", "memory", "host"]
    rows = [[f"{what}: {row['task']}", *(row[name] for name in head)] for what, found in costs.items() for row in found]
    origins = dict.fromkeys(row["origin"] for found in costs.values() for row in found if row["origin"])
    return _table(["task", *head], rows) + "".join(f"<p>{html.escape(origin)}</p>" for origin in origins)


def ids_table(ids: Mapping[str, str]) -> str:
    """What each result is from."""
    return _table(["", "id"], list(ids.items()))


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    def line(tag: str, cells: Sequence[Any]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return f"<table><thead>{line('th', head)}</thead><tbody>{''.join(line('td', row) for row in rows)}</tbody></table>"


def _section(title: str, *contents: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>\n" + "\n".join(contents) + "</section>"


def _details(summary: str, content: str) -> str:
    return f"<details><summary>{html.escape(summary)}</summary>{content}</details>"


def _pre(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _read(path: tk.Path) -> str:
    with open(path.get_path(), encoding="utf-8") as file:
        return file.read()


def _read_json(path: tk.Path) -> dict[str, Any]:
    try:
        return json.loads(_read(path))
    except ValueError as error:
        raise ValueError(f"{path.get_path()} is no report as JSON: {error}") from error
