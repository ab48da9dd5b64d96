"""The paper's panels: each is drawn from files of the documented structure, and counts right."""

import copy
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import published_fixtures
from cebra_kedro.plots.paper import PAGES, draw_page, draw_panel, panels_of
from cebra_kedro.plots.paper.numbers import COLUMNS

FILES = published_fixtures.contents()
PANELS = [(figure, panel) for figure in PAGES for panel in panels_of(figure)]
IDS = [f"{figure}_{panel.name}" for figure, panel in PANELS]


def panel_named(figure, name):
    return next(panel for panel in panels_of(figure) if panel.name == name)


def numbers_of(figure, name, files=FILES):
    panel = panel_named(figure, name)
    return panel.draw(files).data.set_index(["method", "item", "quantity"])["value"]


@pytest.mark.parametrize(("figure", "panel"), PANELS, ids=IDS)
def test_every_panel_is_drawn_with_its_letter_and_finite_numbers(figure, panel):
    needed = {name: FILES[name] for name in panel.files}  # and no other file
    picture, numbers = draw_panel(panel, needed)
    picture.canvas.draw()
    assert panel.letter in picture.get_suptitle()
    assert len(picture.axes) >= 1
    assert list(numbers.columns) == list(COLUMNS)
    assert len(numbers)
    assert np.isfinite(numbers["value"]).all()


# One of each arrangement: one plot, plots in the plane, in space, and with bars or a legend beside.
ARRANGED = [("figure_1", "d"), ("figure_2", "d_right"), ("figure_3", "e"), ("figure_4", "j")]


@pytest.mark.parametrize(("figure", "name"), ARRANGED)
def test_a_panel_shares_the_place_of_the_axes_it_is_given(figure, name):
    panel = panel_named(figure, name)
    whole = Figure(figsize=(9, 5), layout="constrained")
    left, right = whole.subplots(1, 2)
    drawn = panel.draw(FILES, ax=left)
    assert {ax.figure for ax in drawn.axes} == {whole}
    assert right in whole.axes
    whole.draw_without_rendering()
    middle = right.get_window_extent().x0
    # Boxes in space are squares around their cell; the cell itself must be left of the other axes.
    for ax in drawn.axes:
        box = ax.get_window_extent()
        assert (box.x0 + box.x1) / 2 < middle


@pytest.mark.parametrize("figure", PAGES)
def test_all_panels_fit_on_a_page(figure):
    page = draw_page(figure, FILES)
    letters = [cell.get_suptitle() for row in page.subfigs for cell in row.subfigs]
    assert len([letter for letter in letters if letter]) == len(panels_of(figure))
    assert page.get_figwidth() == 7.2


def test_a_page_says_in_the_place_of_a_panel_which_file_it_needs():
    there = {name: FILES[name] for name in panel_named("figure_2", "d_left").files}
    page = draw_page("figure_2", there)
    height_of_all = sum(max(p.size_inches[1] for p in row) for row in PAGES["figure_2"])
    notes = [t.get_text() for row in page.subfigs for cell in row.subfigs for t in cell.texts]
    assert sum("not drawn: needs Figure2.h5" in note for note in notes) == 6
    assert page.get_figheight() < height_of_all / 2


class Watched(dict):
    """A dict that notes which paths are read, in itself and in the dicts inside."""

    def __init__(self, content, seen, path=()):
        super().__init__(content)
        self.seen, self.path = seen, path

    def __getitem__(self, key):
        value, path = super().__getitem__(key), (*self.path, key)
        self.seen.append(path)
        return Watched(value, self.seen, path) if isinstance(value, dict) else value


def paths_read(panel):
    """Of the keys that a panel reads beside each other, the first."""
    seen = []
    panel.draw(Watched({name: FILES[name] for name in panel.files}, seen))
    return list({path[:-1]: path for path in reversed(seen)}.values())


def without(content, path):
    changed = copy.copy(content)
    if len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = without(changed[path[0]], path[1:])
    return changed


@pytest.mark.parametrize(("figure", "panel"), PANELS, ids=IDS)
def test_a_missing_key_is_named(figure, panel):
    for path in paths_read(panel):
        with pytest.raises(ValueError, match=re.escape(str(path[-1]))) as caught:
            panel.draw(without(FILES, path))
        assert str(caught.value).startswith(path[0])
        if len(path) > 1:
            assert f"key {'/'.join(map(str, path[1:]))} is missing" in str(caught.value)


@pytest.mark.parametrize("column", ["animal", "train"])
def test_a_missing_column_of_runs_is_named(column):
    name = "results_v3/tsne.csv"
    files = FILES | {name: FILES[name].drop(columns=column)}
    with pytest.raises(ValueError, match=rf"{name}: column {column} is missing"):
        panel_named("figure_1", "e").draw(files)


def changed(name, path, value):
    return FILES | {name: changed_in(FILES[name], path, value)}


def changed_in(content, path, value):
    content = copy.copy(content)
    content[path[0]] = value if len(path) == 1 else changed_in(content[path[0]], path[1:], value)
    return content


@pytest.mark.parametrize(
    ("figure", "panel", "name", "path", "value", "message"),
    [
        (
            "figure_1",
            "b_left",
            "Figure1.h5",
            ("synthetic_viz", "true"),
            np.zeros(5),
            "n, 2 or more",
        ),
        ("figure_1", "b_left", "Figure1.h5", ("synthetic_viz", "label"), np.zeros(5), "one length"),
        ("figure_1", "b_right", "Figure1.h5", ("synthetic_scores", "umap"), ["x"], "numbers"),
        ("figure_1", "d", "Figure1.h5", ("visualization", "tsne"), np.zeros((99, 2)), "at most"),
        ("figure_2", "b", "Figure2.h5", ("visualization", "hybrid"), 3, "expected keys"),
        (
            "figure_2",
            "f_barcodes",
            "Figure2.h5",
            ("topology", "behavior_topology", 8, "dgms"),
            [np.zeros((2, 2))],
            "3 diagrams",
        ),
        ("figure_2", "d_left", "SupplVideo1.h5", ("prediction",), {0: np.zeros((9, 2))}, "length"),
        ("figure_3", "a", "Figure3.h5", ("behavior", "active_target"), np.full(9600, 8), "0 to 7"),
        ("figure_3", "b", "Figure3.h5", ("overview", "autolfads"), [np.zeros((3, 2))], "8 dir"),
        (
            "figure_3",
            "e",
            "Figure3.h5",
            ("cebra_ap_sep", "active"),
            {"embedding": np.zeros((601, 4)), "label": np.zeros(601)},
            "whole trials of 600 rows, got 601",
        ),
        ("figure_3", "i", "Figure3.h5", ("trajectory", "true"), [np.zeros((3, 2))], "8 traj"),
        (
            "figure_4",
            "c",
            "Figure4Revision.h5",
            ("visualization", "np", 10),
            np.ones((901, 2)),
            "3600",
        ),
        (
            "figure_4",
            "e",
            "Figure4Revision.h5",
            ("consistency", "individual", "err", 4),
            [1],
            "10 ",
        ),
        (
            "figure_4",
            "j",
            "Figure4Revision.h5",
            ("cortices_consistency", "joint_cortices"),
            {"VISp": {"VISp": 1.0}},
            "VISal",
        ),
        (
            "figure_4",
            "k",
            "Figure4Revision.h5",
            ("cortices_consistency", "joint_v1", "area"),
            ["primary"],
            "each of the 33 runs, got 1",
        ),
        (
            "figure_5",
            "c_1_frame",
            "Figure5Revision.h5",
            ("frame_id", "knn", "np_cebra_joint_33", 10),
            [1.0, 2.0],
            "n, 2 or more",
        ),
        (
            "figure_5",
            "e",
            "Figure5Revision.h5",
            ("frame_err", "knn", "np_cebra_330", 1000),
            [np.zeros(900)],
            "at least 4 seeds",
        ),
    ],
)
def test_a_wrong_structure_is_refused_in_words(figure, panel, name, path, value, message):
    with pytest.raises(ValueError, match=message) as caught:
        panel_named(figure, panel).draw(changed(name, path, value))
    assert str(caught.value).startswith(name)


def test_reconstruction_is_the_r2_of_scikit_learn():
    from sklearn.metrics import r2_score

    viz = FILES["Figure1.h5"]["synthetic_viz"]
    value = numbers_of("figure_1", "b_left")
    expected = r2_score(viz["true"], viz["cebra"])
    # float32 in the fixture, the same sums in another order
    assert value["CEBRA", "both latents", "r2"] == pytest.approx(100 * expected, rel=1e-6)


def test_rows_of_consistency_leave_out_the_rat_itself():
    table = FILES["results_v3/umap.csv"]
    of_cicero = table.loc[table["animal"] == 2, "train"]
    mean = np.mean([np.fromstring(text.strip("[]"), sep=" ") for text in of_cicero], axis=0)
    value = numbers_of("figure_1", "e")
    for rat, expected in zip(("achilles", "buddy", "gatsby"), mean, strict=True):
        cell = value["UMAP", f"row cicero, column {rat}", "r2"]
        assert cell == pytest.approx(100 * expected, rel=1e-12)  # order of addition


def test_errors_of_a_seed_are_means_over_its_repeats():
    table = FILES["autolfads_decoding_2d_full.csv"]
    rows = table[(table["rat"] == "achilles") & (table["seed"] == 1)]
    value = numbers_of("figure_2", "d_right")
    expected = 100 * rows["test_position_error"].mean()
    assert value["autoLFADS", "seed 1", "error"] == pytest.approx(expected, rel=1e-12)


def test_the_longest_finite_bar_is_found():
    bars = FILES["Figure2.h5"]["topology"]["behavior_topology"][16]["dgms"][1]
    longest = bars[np.argmax(bars[:, 1] - bars[:, 0])]
    value = numbers_of("figure_2", "f_barcodes")
    assert value["dimension 16", "Loops", "birth of the longest finite bar"] == longest[0]
    assert value["dimension 16", "Loops", "death of the longest finite bar"] == longest[1]


def test_averages_over_trials_recover_the_curves_they_were_made_of():
    from cebra_kedro.plots.paper.figure_3_trajectories import direction_means

    label = np.repeat([3, 0, 3], 600)
    values = np.arange(1800.0)[:, None] * [1, 2]
    means = direction_means(values, label, "x")
    assert set(means) == {0, 3}
    np.testing.assert_array_equal(means[0], values[600:1200])
    np.testing.assert_array_equal(means[3], (values[:600] + values[1200:]) / 2)


def test_errors_bars_of_figure_5_divide_the_population_deviation():
    found = FILES["Figure5Revision.h5"]["frame_id"]["knn"]["np_cebra_330"][50]
    value = numbers_of("figure_5", "c_10_frames")
    assert value["CEBRA", "50 neurons", "mean"] == pytest.approx(np.mean(found))
    assert value["CEBRA", "50 neurons", "sem"] == pytest.approx(np.std(found) / np.sqrt(5))


def test_of_pairs_the_neuropixels_value_is_drawn():
    found = FILES["Figure5Revision.h5"]["scene_annotation"]["knn"]["np_cebra_joint_33"][400]
    value = numbers_of("figure_5", "d")
    expected = 100 * np.mean([pair[1] for pair in found])
    assert value["CEBRA joint", "400 neurons", "mean"] == pytest.approx(expected)


def test_a_joint_curve_that_repeats_the_ten_frames_is_flagged():
    panel = panel_named("figure_5", "d")
    assert panel.draw(FILES).ax.get_title() == ""
    knn = FILES["Figure5Revision.h5"]["scene_annotation"]["knn"]
    path = ("scene_annotation", "knn", "np_cebra_joint_33")
    files = changed("Figure5Revision.h5", path, knn["np_cebra_joint_330"])
    assert "as stored" in panel.draw(files).ax.get_title()


def test_the_line_of_areas_joins_the_means_of_visp():
    found = FILES["Figure4Revision.h5"]["cortices_consistency"]["joint_v1"]
    value = numbers_of("figure_4", "k")
    intra, inter = found["intra"], found["inter"]
    expected = intra.loc[intra["Area1"] == "VISp", "value"].mean()
    assert value["VISp intra", "", "mean R²"] == pytest.approx(expected)
    with_visp = (inter["Area1"] == "VISp") | (inter["Area2"] == "VISp")
    assert value["VISp inter", "", "mean R²"] == pytest.approx(inter.loc[with_visp, "value"].mean())
    assert value["VISp intra > inter", "", "n_smaller"] == with_visp.sum()


def test_cells_of_areas_are_means_of_both_directions():
    table = FILES["Figure4Revision.h5"]["cortices_consistency"]["joint_cortices"]
    value = numbers_of("figure_4", "j")
    expected = (table.loc["VISp", "VISal"] + table.loc["VISal", "VISp"]) / 2
    assert value["joint", "VISp, VISal", "r2"] == pytest.approx(expected)
    as_dicts = changed(
        "Figure4Revision.h5", ("cortices_consistency", "joint_cortices"), table.to_dict()
    )
    np.testing.assert_array_equal(numbers_of("figure_4", "j", as_dicts), value)


def test_axes_without_a_place_in_a_grid_are_refused():
    ax = Figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match=r"figure\.subplots\(\)"):
        panel_named("figure_1", "d").draw(FILES, ax=ax)
