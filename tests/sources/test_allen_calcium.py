"""Calcium pseudomice hold the rows that cebra's readers hold, and know from which cell each is."""

import logging

import numpy as np
import pytest

from allen_files import (
    MATCHED,
    N_FRAMES,
    N_REPEATS,
    N_TIME,
    SESSION_TYPES,
    calcium,
    write_calcium,
)
from cebra_kedro.recording import RecordingError
from cebra_kedro.sources.allen_calcium import calcium_pseudomouse, united_pseudomouse

N_MATCHED = sum(MATCHED.values())


@pytest.fixture
def files():
    return calcium()


def pseudomouse(files, **options):
    containers, summary = files
    return calcium_pseudomouse(
        containers, summary, options.pop("area", "VISp"), n_frames=N_FRAMES, **options
    )


def expected_rows(neurons):
    """Written anew from the rule by which the fixture makes its events."""
    base = neurons["cell"] + neurons["session"] / 10
    return (base.to_numpy()[:, None] + np.arange(N_TIME) / 1000).astype(np.float32)


@pytest.mark.parametrize("align_cells", [False, True])
@pytest.mark.parametrize("container_set_order", [False, True])
def test_every_matched_cell_comes_from_each_session_and_is_known(
    files, align_cells, container_set_order
):
    mouse = pseudomouse(files, align_cells=align_cells, container_set_order=container_set_order)
    assert mouse.neural.dtype == np.float32
    assert mouse.n_neurons == 3 * N_MATCHED
    np.testing.assert_array_equal(mouse.neural, expected_rows(mouse.neurons))
    assert (mouse.neurons.groupby(["container", "cell"]).size() == 3).all()
    assert mouse.neurons["cell"].max() < 100  # cells of a single session are left out
    np.testing.assert_array_equal(mouse.frames, np.tile(np.arange(N_FRAMES), N_REPEATS))


def test_rows_and_their_order_are_those_of_cebras_reader(files, tmp_path, monkeypatch):
    reader = pytest.importorskip("cebra.datasets.allen.ca_movie_decoding")
    containers, summary = files
    folder = tmp_path / "allen/visual_drift/data/calcium_excitatory/VISp"
    write_calcium(folder, containers)
    summary.to_csv(tmp_path / "allen/data_summary.csv", index=False)
    monkeypatch.setattr(reader, "_DEFAULT_DATADIR", tmp_path)
    theirs = reader.AllenCaMoviesDataset._get_pseudo_mice(None, "VISp", "one")
    ours = pseudomouse(files, container_set_order=True)
    np.testing.assert_array_equal(ours.neural, theirs.astype(np.float32))

    theirs = reader.AllenCaMoviesDisjointDataset._get_pseudo_mice(None, "VISp", "one")
    ours = united_pseudomouse(containers, "VISp", n_frames=N_FRAMES)
    # Theirs follows the folder's listing, ours is ascending; the first event tells the cell.
    order = np.lexsort([theirs[:, 0]]), np.lexsort([ours.neural[:, 0]])
    np.testing.assert_array_equal(ours.neural[order[1]], theirs[order[0]].astype(np.float32))


def test_cells_of_two_sessions_are_aligned_only_on_request(files):
    def cells(align_cells):
        neurons = pseudomouse(files, align_cells=align_cells).neurons
        of_one = neurons[neurons["container"] == 101]
        return [of_one[of_one["session"] == s]["cell"].tolist() for s in range(3)]

    aligned, published = cells(True), cells(False)
    assert aligned[0] == aligned[1] == aligned[2] == sorted(aligned[0])
    assert [sorted(session) for session in published] == aligned
    assert len(set(map(tuple, published))) > 1


def test_one_session_has_each_cell_once(files):
    mouse = pseudomouse(files, sessions=[1])
    assert mouse.n_neurons == N_MATCHED
    assert set(mouse.neurons["session"]) == {1}
    np.testing.assert_array_equal(mouse.neural, expected_rows(mouse.neurons))


def test_containers_are_stacked_in_ascending_order(files):
    assert list(dict.fromkeys(pseudomouse(files).neurons["container"])) == [7, 101]


@pytest.mark.parametrize("line", ["Sst-IRES-Cre", "Pvalb-IRES-Cre", "Vip-IRES-Cre"])
def test_inhibitory_lines_are_left_out_unless_misspelt_as_published(files, line, caplog):
    _, summary = files
    summary.loc[summary["exp"] == 7, "cre_line"] = line
    with caplog.at_level(logging.INFO, logger="cebra_kedro"):
        assert set(pseudomouse(files).neurons["container"]) == {101}
    assert "2 of 3 containers" in caplog.text
    published = pseudomouse(files, excluded_cre_lines=["SSt", "Pvalb", "Vip"])
    assert (7 in set(published.neurons["container"])) == line.startswith("Sst")


def test_other_areas_and_containers_without_file_are_left_out(files):
    containers, summary = files
    summary.loc[summary["exp"] == 7, "target"] = "VISl"
    assert set(pseudomouse(files).neurons["container"]) == {101}
    assert set(pseudomouse(files, area="VISl").neurons["container"]) == {7}
    del containers[101]
    with pytest.raises(RecordingError, match="VISp: no cell was found in all three sessions"):
        pseudomouse(files)


def test_an_unknown_area_is_named_with_those_there_are(files):
    with pytest.raises(RecordingError, match=r"area VISx: none .* has the areas VISp; place"):
        pseudomouse(files, area="VISx")


def test_a_session_missing_in_the_summary_is_named(files):
    containers, summary = files
    summary = summary[(summary["exp"] != 7) | (summary["session_type"] != SESSION_TYPES[1])]
    with pytest.raises(
        RecordingError, match=r"container 7: .* each of its 3 .*session_A, three_session_C; a"
    ):
        pseudomouse((containers, summary))


def test_a_session_twice_is_no_other_session(files):
    _, summary = files
    of_seven = (summary["exp"] == 7) & (summary["session_type"] == SESSION_TYPES[2])
    summary.loc[of_seven, "session_type"] = SESSION_TYPES[1]
    with pytest.raises(
        RecordingError, match=r"container 7: .* a session is missing or comes twice"
    ):
        pseudomouse(files)


def test_a_session_missing_in_the_file_is_named(files):
    containers, _ = files
    containers[7]["filtered_traces_days_events"][2, 0] = np.zeros((0, 0))
    with pytest.raises(
        RecordingError, match=r"container 7, session 2: .* \(5, 60\).* got \(0, 0\)"
    ):
        pseudomouse(files)


def test_traces_and_summary_must_have_the_same_cells(files):
    containers, _ = files
    traces = containers[101]["filtered_traces_days_events"]
    traces[0, 0] = traces[0, 0][:-1]
    with pytest.raises(RecordingError, match=r"container 101, session 0: .* \(6, 60\).*\(5, 60\)"):
        pseudomouse(files)


def test_a_file_without_the_expected_field_is_named(files):
    containers, _ = files
    del containers[7]["filtered_traces_days_events"], containers[101]["united_traces_days_events"]
    with pytest.raises(RecordingError, match=r"container 7 has no filtered_.*, only united_"):
        pseudomouse(files)
    with pytest.raises(RecordingError, match=r"container 101 has no united_.*, only filtered_"):
        united_pseudomouse(containers, "VISp", n_frames=N_FRAMES)


def test_traces_that_are_no_cell_array_are_refused(files):
    files[0][7]["filtered_traces_days_events"] = np.zeros((3, 4))
    with pytest.raises(RecordingError, match=r"container 7: .* cell array of 3 .* float64"):
        pseudomouse(files)


@pytest.mark.parametrize(
    ("text", "message"),
    [("[10 11 ... 99]", r"a list cut short by \.\.\."), ("[10 11 10]", "lists a cell id twice")],
)
def test_cell_ids_must_be_complete_and_unique(files, text, message):
    _, summary = files
    row = (summary["exp"] == 7) & (summary["session_type"] == SESSION_TYPES[0])
    summary.loc[row, "neurons"] = text
    with pytest.raises(RecordingError, match=f"container 7, session 0: .*{message}"):
        pseudomouse(files)


def test_cell_ids_may_be_separated_by_lines_and_commas(files):
    _, summary = files
    expected = pseudomouse(files)
    summary["neurons"] = summary["neurons"].str.split().str.join(",\n")
    np.testing.assert_array_equal(pseudomouse(files).neural, expected.neural)


def test_a_table_without_the_columns_is_refused(files):
    containers, summary = files
    with pytest.raises(
        RecordingError, match=r"summary must have the columns .*; target, neurons mi"
    ):
        pseudomouse((containers, summary.drop(columns=["target", "neurons"])))


@pytest.mark.parametrize("sessions", [[], [3], [0, -1]])
def test_there_are_three_sessions(files, sessions):
    with pytest.raises(ValueError, match="sessions must be some of 0, 1 and 2"):
        pseudomouse(files, sessions=sessions)


@pytest.mark.parametrize("session", [0, 2])
def test_united_traces_have_each_cell_once_in_ascending_containers(files, session):
    mouse = united_pseudomouse(files[0], "VISp", session=session, n_frames=N_FRAMES)
    assert mouse.neurons["container"].tolist() == [7] * 3 + [101] * 4
    assert mouse.neurons["cell"].tolist() == [0, 1, 2, 0, 1, 2, 3]
    expected = [files[0][c]["united_traces_days_events"][:, :, session] for c in (7, 101)]
    np.testing.assert_array_equal(mouse.neural, np.concatenate(expected).astype(np.float32))


def test_united_traces_of_another_movie_are_refused(files):
    with pytest.raises(
        RecordingError, match=r"container 7: .* \(cell, 9000, 3\).* got \(3, 60, 3\)"
    ):
        united_pseudomouse(files[0], "VISp")
    with pytest.raises(RecordingError, match="VISp: 0 containers have no matched cell"):
        united_pseudomouse({}, "VISp")
