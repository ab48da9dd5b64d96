"""The consistency heatmap: numbers in readable cells, empty diagonal."""

import numpy as np
import pandas as pd
import pytest
import rat_results
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from cebra_kedro.plots.consistency import consistency_figure
from cebra_kedro.plots.consistency_panel import plot_consistency
from cebra_kedro.plots.results import Variant

RATS = ["achilles", "buddy", "cicero"]
NAN = float("nan")
MATRIX = pd.DataFrame(
    [[NAN, 0.9671, 0.05], [0.31, NAN, 0.5], [0.62, 0.8, NAN]], index=RATS, columns=RATS
)


def cells(ax):
    return {(t.get_position()[1], t.get_position()[0]): t for t in ax.texts}


def test_numbers_stand_in_the_cell_of_source_row_and_target_column():
    ax = plot_consistency(MATRIX, title="between rats").ax
    texts = {place: text.get_text() for place, text in cells(ax).items()}
    assert texts == {
        (0, 1): "0.97",
        (0, 2): "0.05",
        (1, 0): "0.31",
        (1, 2): "0.50",
        (2, 0): "0.62",
        (2, 1): "0.80",
    }
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("target", "source")
    assert [t.get_text() for t in ax.get_yticklabels()] == RATS
    assert ax.get_title() == "between rats"


def test_drawn_matrix_is_returned_with_its_gaps():
    drawn = plot_consistency(MATRIX)
    pd.testing.assert_frame_equal(drawn.data, MATRIX)
    image = drawn.ax.images[0].get_array()
    np.testing.assert_array_equal(image.mask, np.eye(3, dtype=bool))
    np.testing.assert_array_equal(image.filled(NAN), MATRIX.to_numpy())


@pytest.mark.parametrize("value", np.linspace(0, 1, 21))
def test_text_contrasts_with_every_cell_colour(value):
    ax = plot_consistency(pd.DataFrame([[value]])).ax
    cell = ax.images[0].cmap(ax.images[0].norm(value))[:3]

    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    pair = sorted([luminance(cell), luminance(to_rgb(ax.texts[0].get_color()))])
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5  # WCAG 2 AA for small text


def test_colour_bar_tells_the_direction_and_the_range():
    drawn = plot_consistency(MATRIX)
    (bar,) = [ax for ax in drawn.figure.axes if ax is not drawn.ax]
    assert bar.get_ylabel() == "R² (source → target)"
    assert bar.get_ylim() == (0.0, 1.0)


def test_oblong_matrix_and_long_names_draw_on_given_axes():
    matrix = pd.DataFrame(np.full((2, 5), 0.5), columns=[f"fold0_seed{i}" for i in range(5)])
    ax = Figure().subplots()
    assert plot_consistency(matrix, ax=ax).ax is ax
    ax.figure.canvas.draw()
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {90}


def test_variants_are_named_as_in_other_figures():
    names = ["joint_ca", "raw"]
    ax = plot_consistency(pd.DataFrame(np.eye(2), index=names, columns=names)).ax
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["joint Ca²⁺", "raw activity"]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (MATRIX * 100, "divide percent by 100"),
        (MATRIX * NAN, "at least one finite"),
        (pd.DataFrame(), "at least one finite"),
    ],
)
def test_wrong_matrix_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        plot_consistency(matrix)


def maps(figure):
    """Title → numbers in the cells (row, column)."""
    return {
        ax.get_title(): {place: float(t.get_text()) for place, t in cells(ax).items()}
        for ax in figure.axes
        if ax.get_label() != "<colorbar>"
    }


def test_a_session_has_a_map_of_seeds_for_each_variant_and_one_of_encoders():
    table = rat_results.consistency()
    figure = consistency_figure(rat_results.results(), "buddy")
    figure.canvas.draw()
    found = maps(figure)
    names = ["position direction", "position", "time", "time †", "shuffled", "PCA"]
    assert [title.split("\n")[0] for title in found][:-1] == names
    seeds = table[
        (table["between"] == "seeds") & table["source"].str.startswith("buddy/time/")
    ].groupby("source")["r2"]
    # Over folds: those of seed 0 are sources of the cell in the first row.
    of_first = [r2.mean() for run, r2 in seeds if run.endswith("seed0")]
    (of_time,) = [numbers for title, numbers in found.items() if title.startswith("time\n")]
    assert of_time[0, 1] == pytest.approx(np.mean(of_first), abs=0.005)  # two decimals
    assert set(of_time) == {(0, 1), (1, 0)}
    encoders = table[
        (table["source"] == "buddy/position/fold0_seed0")
        & (table["target"] == "buddy/pca/fold0_seed0")
    ]
    whole = list(found.values())[-1]
    assert whole[1, 5] == pytest.approx(encoders["r2"].iloc[0], abs=0.005)
    assert len(figure.axes) == len(found) + 2  # a bar for each block
    assert [part.get_suptitle() for part in figure.subfigs] == [
        *("between seeds", "between encoders")
    ]


def test_sessions_have_a_map_for_each_variant_and_alignment_in_their_order():
    table = rat_results.consistency()
    figure = consistency_figure(rat_results.results(), None)
    blocks = {part.get_suptitle(): part.axes[0] for part in figure.subfigs}
    assert list(blocks) == ["aligned by position", "aligned by target"]
    for title, ax in blocks.items():
        names = [t.get_text() for t in ax.get_yticklabels()]
        assert names == ["buddy", "achilles"]
        pair = table[
            (table["between"] == f"sessions_by_{title.split()[-1]}")
            & (table["source"] == "buddy/position_direction/fold0_seed0")
        ]
        shown = float(cells(ax)[0, 1].get_text())
        assert shown == pytest.approx(pair["r2"].iloc[0], abs=0.005)
        assert ax.get_title().startswith("position direction\nmean 0.")


@pytest.mark.parametrize(("cell_inches", "rotation", "numbers"), [(0.6, 0, 4), (0.2, 90, 0)])
def test_names_stand_upright_and_numbers_are_left_out_where_cells_are_narrow(
    cell_inches, rotation, numbers
):
    names = ["buddy", "cicero"]
    matrix = pd.DataFrame([[0.5, 0.6], [0.7, 0.8]], index=names, columns=names)
    ax = plot_consistency(matrix, cell_inches=cell_inches).ax
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {rotation}
    assert len(ax.texts) == numbers


def test_of_very_many_names_some_are_left_out():
    names = [f"mouse{number}" for number in range(100)]
    matrix = pd.DataFrame(np.full((100, 100), 0.5), index=names, columns=names)
    ax = plot_consistency(matrix, cell_inches=0.05).ax
    # A name is about 0.14 inches high, so every third has room.
    assert [label.get_text() for label in ax.get_yticklabels()] == names[::3]


def test_names_shared_by_all_maps_stand_once_a_row_and_once_a_column():
    figure = consistency_figure(rat_results.results(), None)
    panels = [ax for ax in figure.subfigs[0].axes if ax.images]
    places = [ax.get_subplotspec() for ax in panels]
    rows = {place.rowspan.start for place in places}
    assert len(rows) == 2
    for ax, place in zip(panels, places, strict=True):
        assert ax.yaxis.get_tick_params()["labelleft"] == (place.colspan.start == 0)
        assert ax.xaxis.get_major_ticks()[0].label1.get_visible() == (
            place.rowspan.start == max(rows)
        )


def test_the_dagger_is_explained_only_where_a_map_carries_it():
    variants = {v.name: v for v in rat_results.VARIANTS}
    for names, expected in ((("position", "time"), ""), (("position", "time_transductive"), "†")):
        table = rat_results.consistency(variants=[variants[name] for name in names])
        figure = consistency_figure(rat_results.results(consistency=table), None)
        assert figure.get_supxlabel()[:1] == expected


def presentations():
    """Encoders of two groups of neurons with two populations in each of two areas."""
    groups = [f"{g}_{p}" for g in ("group0", "group1") for p in ("ca", "neuropixels")]
    rows = []
    for a in ("VISp", "VISl"):
        for b in ("VISp", "VISl"):
            for x in groups:
                for y in groups:
                    same_group, same_kind = x[:6] == y[:6], x[7:] == y[7:]
                    if a == b:
                        kind = {(True, False): "populations", (False, True): "encoders"}
                        kind = kind.get((same_group, same_kind))
                    else:
                        kind = "sessions" if same_kind else "sessions and populations"
                        kind = None if same_group else kind
                    r2 = (0.9 if a == b else 0.5) - 0.2 * (not same_kind)
                    if kind:
                        rows.append((kind, f"{a}/{x}/fold0_seed0", f"{b}/{y}/fold0_seed0", r2))
    table = pd.DataFrame(rows, columns=["between", "source", "target", "r2"])
    return rat_results.results(
        sessions=("VISp", "VISl"),
        variants=tuple(Variant(name, "encoder", name) for name in groups),
        consistency=table,
    )


def test_presentations_have_pairs_within_a_session_on_the_diagonal():
    found = maps(consistency_figure(presentations(), None))
    assert found == {
        "between encoders\nmean 0.50, within 0.90": {
            **{(0, 0): 0.9, (0, 1): 0.5, (1, 0): 0.5, (1, 1): 0.9}
        },
        "between populations\nmean 0.30, within 0.70": {
            **{(0, 0): 0.7, (0, 1): 0.3, (1, 0): 0.3, (1, 1): 0.7}
        },
    }


def test_presentations_of_a_session_are_one_map_of_encoders_and_populations():
    figure = consistency_figure(presentations(), "VISp")
    assert figure.get_suptitle() == "VISp: consistency between populations and encoders"
    ((numbers),) = maps(figure).values()
    assert numbers[0, 1] == 0.7  # the same group, other kind of neurons
    assert numbers[0, 2] == 0.9  # the other group, same kind
    assert (0, 3) not in numbers


def test_a_session_of_its_own_has_no_consistency_between_sessions():
    alone = rat_results.results(consistency=rat_results.consistency(("buddy",)))
    assert consistency_figure(alone, None) is None
    assert consistency_figure(alone, "achilles") is None
    assert consistency_figure(rat_results.results(consistency=pd.DataFrame()), "buddy") is None
