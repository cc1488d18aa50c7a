"""Learning curves as plots: which lines they have, what is marked, where it stands."""

from __future__ import annotations

import pytest

from jobs.learning_rates import EpochData
from jobs.pages.curves import best_epoch, curve_plots, measures, steps_of
from jobs.pages.plot import Line, Plot, nice_step
from jobs.pages.step_scores import Point

EPOCHS = {
    1: EpochData(0.1, {"train_score": 3.0, "dev_score": 2.0, "dev_error": 0.5}, {}),
    2: EpochData(0.1, {"train_score": 2.0, "dev_score": 1.0, "dev_error": 0.4}, {}),
    3: EpochData(0.01, {"train_score": 1.0, "dev_score": 1.5, "dev_error": float("nan")}, {}),
}


def test_a_plot_for_each_measure() -> None:
    steps = {"score:ctc": [Point(0.5, 4.0), Point(1.0, 3.0)], "other": [Point(0.5, 1.0), Point(1.0, 2.0)]}
    plots = curve_plots(EPOCHS, steps, num_epochs=5)
    assert [plot.title for plot in plots] == ["score", "error", "other", "learning rate"]
    assert [drawn.line.label for drawn in plots[0].lines] == ["train, by step", "dev", "train"]
    assert plots[0].best == "best dev 1 in epoch 2" and plots[1].best == "best dev 0.4 in epoch 2"
    assert [tick.text for tick in plots[0].x_ticks] == ["0", "1", "2", "3", "4", "5"]
    assert [dot.is_best for dot in plots[0].lines[1].dots] == [False, True, False]


@pytest.mark.parametrize(
    ("measure", "name"),
    [("score", "score:ctc"), ("score_ctc", "score:ctc"), ("loss_ctc", "ctc"), ("error", "error"), ("loss_b", None)],
)
def test_which_loss_of_the_log_a_key_means(measure: str, name: str | None) -> None:
    assert steps_of(measure, {"score:ctc": 1, "ctc": 1, "error": 1}) == name


def test_measures_and_best() -> None:
    assert measures(EPOCHS) == {"score": ["dev_score", "train_score"], "error": ["dev_error"]}
    assert best_epoch(EPOCHS, ["dev_score", "train_score"]) == ("dev_score", 2)
    assert best_epoch(EPOCHS, ["train_score"]) is None


def test_one_epoch() -> None:
    plots = curve_plots({1: EPOCHS[1]}, {})
    (dot,) = plots[0].lines[0].dots
    assert plots[0].left < dot.x <= plots[0].right and plots[0].top < dot.y < plots[0].bottom
    assert plots[0].lines[0].path == "" and plots[-1].lines[0].path.count(",") == 2
    assert curve_plots({}, {}) == []


def test_points_stand_within_the_plot_and_first_steps_do_not_press_the_others_down() -> None:
    steps = [(0.01 * index, 1000.0 if index == 1 else 1.0 + index % 2) for index in range(1, 101)]
    plot = Plot("loss", [Line("train", steps, "train", "steps"), Line("dev", [(1.0, 1.5)], "dev", "epochs")], 1)
    heights = [float(place.split(",")[1]) for place in plot.lines[0].path[1:].split()]
    assert min(heights) == plot.top and max(heights) <= plot.bottom
    assert max(heights[1:]) - min(heights[1:]) > 0.3 * (plot.bottom - plot.top)


def test_values_to_point_at() -> None:
    columns = curve_plots(EPOCHS)[0].columns
    texts = [[text for _, text, _ in column.lines] for column in columns]
    assert texts[1] == ["epoch 2", "dev 1, best", "train 2"]
    assert all(column.box_x >= 0 and column.box_x + column.box_width <= 640 for column in columns)


def test_constant_and_negative_values() -> None:
    for values in ([2.0, 2.0], [-5.0, -4.0], [0.0, 0.0], [1e9, 2e9]):
        plot = Plot("loss", [Line("dev", [(1.0, values[0]), (2.0, values[1])], "dev", "epochs")], 2, first=1.0)
        assert all(plot.top <= dot.y <= plot.bottom for dot in plot.lines[0].dots)
        assert 1 <= len(plot.y_ticks) <= 8


def test_round_numbers() -> None:
    assert [nice_step(size) for size in (0.3, 1.0, 1.1, 30, 0)] == [0.5, 1.0, 2.0, 50.0, 1.0]
