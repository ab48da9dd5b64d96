"""Spikes of NWB sessions land in the bins and frames in which they were fired."""

import logging
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from allen_files import N_FRAMES, N_REPEATS, N_TIME, Session, Unit, write_nwb
from cebra_kedro.recording import RecordingError
from cebra_kedro.sources.allen import neuropixels_pseudomouse, to_recording
from cebra_kedro.sources.allen_nwb import UnitFilter, pseudomouse_from_nwb
from cebra_kedro.sources.published_pickle import PublishedFile

BIN_WIDTH_S = 1 / 120
LONG_FRAME_S = 4.3 / 120
"""Lasts a bit longer than four bins, as the frames of a real monitor do."""

DATA = Path(os.environ.get("CEBRA_KEDRO_DATA", "")) / "nwb" / "A8604-211122.nwb"


@pytest.fixture
def place(tmp_path):
    return lambda session, name="session_1": write_nwb(tmp_path / f"{name}.nwb", session)


def read(*paths, area="VISp", **options):
    return pseudomouse_from_nwb(paths, area, **{"n_frames": N_FRAMES} | options)


def long_starts(seed=0, first=5.0):
    """Presentations of about 4.3 bins, each a little off."""
    jitter = np.random.default_rng(seed).uniform(0.95, 1.05, N_TIME)
    return first + np.concatenate([[0.0], np.cumsum(LONG_FRAME_S * jitter)[:-1]])


def middles(starts):
    return (starts + np.append(starts[1:], starts[-1] + 1 / 30)) / 2


def test_counts_and_frames_are_those_of_a_count_by_hand(place):
    rng = np.random.default_rng(1)
    starts = long_starts()
    times = [np.sort(rng.uniform(4.0, 9.0, 300)).tolist() for _ in range(3)]
    content = read(place(Session([Unit(t) for t in times], starts)))

    edges = starts[0] + np.arange(len(content["frames"]) + 1) * BIN_WIDTH_S
    # numpy's histogram counts a spike at the last edge too; here none is there.
    by_hand = [np.histogram(t, edges)[0] for t in times]
    np.testing.assert_array_equal(content["neural"], np.stack(by_hand, axis=1))
    # The last presentation lasts 1/30 s; a bin counts if its centre lies before that.
    assert edges[-1] - BIN_WIDTH_S / 2 < starts[-1] + 1 / 30 <= edges[-1] + BIN_WIDTH_S / 2
    on_screen = [np.sum(starts <= e + BIN_WIDTH_S / 2) - 1 for e in edges[:-1]]
    np.testing.assert_array_equal(content["frames"], np.array(on_screen) % N_FRAMES)
    assert content["neural"].dtype == np.uint8
    assert content["unit"].tolist() == [900, 901, 902]
    assert content["session"].tolist() == ["session_1"] * 3


def test_a_frame_has_as_many_bins_as_it_was_on_the_screen(place):
    starts = long_starts()
    frames = read(place(Session([Unit([5.1])], starts)))["frames"]
    n_bins = np.diff(np.flatnonzero(np.diff(frames, prepend=-1, append=-1)))
    assert len(n_bins) == N_TIME
    # 4.3 bins ± 5 % hold four or five bin centres, and 0.3 bins a frame make up the fives.
    assert set(n_bins.tolist()) == {4, 5}
    assert n_bins.sum() == pytest.approx((starts[-1] + 1 / 30 - 5) / BIN_WIDTH_S, abs=1)


def test_the_published_shortcut_drifts_and_ours_does_not(place):
    """A unit that fires once in the middle of each presentation of frame 2."""
    starts = long_starts()
    path = place(Session([Unit(middles(starts)[2::N_FRAMES].tolist())], starts))

    real = read(path)
    assert set(real["frames"][real["neural"][:, 0] > 0]) == {2}
    assert real["neural"].sum() == N_REPEATS

    ideal = read(path, ideal_frames=True)
    expected = np.tile(np.repeat(np.arange(N_FRAMES), 4), N_REPEATS)
    np.testing.assert_array_equal(ideal["frames"], expected)
    assert len(set(ideal["frames"][ideal["neural"][:, 0] > 0])) > 1


def test_a_block_of_exactly_four_bins_a_frame_is_the_published_pattern(place):
    path = place(Session([Unit([5.0, 5.001, 6.9999])]))
    real, ideal = read(path), read(path, ideal_frames=True)
    for key in ("neural", "frames"):
        np.testing.assert_array_equal(real[key], ideal[key])
    # 36000 of them in the real movie, where the published script has 35999.
    assert len(real["frames"]) == 4 * N_TIME
    assert np.flatnonzero(real["neural"][:, 0]).tolist() == [0, 4 * N_TIME - 1]


def test_sessions_of_different_timing_are_joined_frame_by_frame(place, caplog):
    """Each unit fires once in the middle of each presentation, of which none may be lost."""
    sessions = [long_starts(seed, first=3.0 + seed) for seed in range(3)]
    paths = [
        place(Session([Unit(middles(starts).tolist())], starts), f"session_{seed}")
        for seed, starts in enumerate(sessions)
    ]
    with caplog.at_level(logging.INFO, logger="cebra_kedro"):
        content = read(*paths)
    assert "were dropped for frames that other sessions showed" in caplog.text
    assert content["session"].tolist() == ["session_0", "session_1", "session_2"]
    presentation = np.cumsum(np.diff(content["frames"], prepend=-1) != 0) - 1
    assert presentation[-1] == N_TIME - 1
    for column in content["neural"].T:
        np.testing.assert_array_equal(np.bincount(presentation, weights=column), np.ones(N_TIME))
    # What is left of a presentation is what the session with the fewest bins has of it.
    alone = [read(path)["frames"] for path in paths]
    n_bins = [np.diff(np.flatnonzero(np.diff(f, prepend=-1, append=-1))) for f in alone]
    np.testing.assert_array_equal(np.bincount(presentation), np.min(n_bins, axis=0))


def test_bins_without_a_frame_on_the_screen_are_left_out(place):
    starts = 5 + np.arange(N_TIME) * 0.05
    gap = [starts[3] + 0.04]
    path = place(Session([Unit([5.01, *gap])], starts, stops=starts + 1 / 30))
    content = read(path)
    assert content["neural"].sum() == 1
    assert len(content["frames"]) == pytest.approx(4 * N_TIME, abs=N_TIME)


def test_only_good_units_of_the_area_are_kept(place):
    spike = [5.1]
    units = [
        Unit(spike),
        Unit(spike, channel=2),
        Unit(spike, channel=77),
        Unit(spike, quality="noise"),
        Unit(spike, isi_violations=0.51),
        Unit(spike, presence_ratio=0.94),
        Unit(spike, amplitude_cutoff=0.11),
        Unit(spike, amplitude_cutoff=np.nan),
        Unit(spike, isi_violations=0.5, presence_ratio=0.95, amplitude_cutoff=0.1),
    ]
    path = place(Session(units))
    assert read(path)["unit"].tolist() == [900, 908]
    assert read(path, area="VISl")["unit"].tolist() == [901]
    lenient = UnitFilter(max_isi_violations=1.0, min_presence_ratio=0.9)
    assert read(path, unit_filter=lenient)["unit"].tolist() == [900, 904, 905, 908]
    assert read(path, unit_filter=UnitFilter(quality="noise"))["unit"].tolist() == [903]


def test_neither_the_last_unit_nor_one_that_falls_silent_is_emptied(place):
    """As published, the last unit lost all spikes, and so did one without a spike afterwards."""
    content = read(place(Session([Unit([5.1, 99.0]), Unit([]), Unit([5.1]), Unit([6.0, 5.2])])))
    assert content["neural"].sum(axis=0).tolist() == [1, 0, 1, 2]


def test_the_second_block_of_the_movie_is_not_read(place):
    starts = np.concatenate([5 + np.arange(N_TIME) / 30, 50 + np.arange(N_TIME) / 30])
    stops = starts + 1 / 30
    frames = np.tile(np.arange(N_FRAMES), 2 * N_REPEATS)
    content = read(place(Session([Unit([5.1, 50.1])], starts, stops, frames=frames)))
    assert content["neural"].sum() == 1
    assert len(content["frames"]) == 4 * N_TIME


def test_the_result_becomes_a_recording_as_the_published_file_does(place):
    content = read(place(Session([Unit([5.1]), Unit([5.2])], long_starts())))
    mouse = neuropixels_pseudomouse(PublishedFile(content, "0", "unverified", "nwb"), "VISp")
    assert mouse.neurons["unit"].tolist() == [900, 901]
    recording = to_recording(
        mouse.select(np.array([1, 0])),
        mouse.frames,
        area="VISp",
        modality="neuropixels",
        bin_width_s=BIN_WIDTH_S,
        simulated=False,
        source="nwb",
        checksum="0",
        checksum_status="unverified",
        n_frames=N_FRAMES,
        n_repeats=N_REPEATS,
    )
    np.testing.assert_array_equal(recording.neural, content["neural"][:, ::-1])


def test_sessions_of_another_protocol_are_left_out(place, caplog):
    wanted = place(Session([Unit([5.1])]))
    other = place(Session([Unit([5.1])], stimulus="functional_connectivity", movie=False), "other")
    with caplog.at_level(logging.INFO, logger="cebra_kedro"):
        content = read(other, wanted)
    assert content["session"].tolist() == ["session_1"]
    assert "other.nwb: stimulus functional_connectivity is another protocol" in caplog.text
    with pytest.raises(RecordingError, match="none of 1 files is a session with 'brain'"):
        read(other)


def test_sessions_without_a_unit_of_the_area_leave_no_trace(place):
    other = place(Session([Unit([5.1], channel=2)], long_starts(), stops=None), "other")
    wanted = place(Session([Unit([5.1])]))
    alone, both = read(wanted), read(other, wanted)
    for key, array in alone.items():
        np.testing.assert_array_equal(both[key], array)
    with pytest.raises(
        RecordingError, match=r"no unit of area VISam .* in 2 .* units in VISl, VISp"
    ):
        read(other, wanted, area="VISam")


def test_a_missing_session_is_named(place, tmp_path):
    present = place(Session([Unit([5.1])]))
    with pytest.raises(RecordingError, match=r"session .*session_2\.nwb is missing; place its"):
        read(present, tmp_path / "session_2.nwb")


@pytest.mark.parametrize(
    "table",
    [
        "intervals/natural_movie_one_presentations",
        "general/extracellular_ephys/electrodes/location",
        "general/stimulus",
        "units/presence_ratio",
        "units/spike_times_index",
    ],
)
def test_a_missing_table_is_named(place, table):
    path = place(Session([Unit([5.1])]))
    with h5py.File(path, "r+") as file:
        del file[table]
    with pytest.raises(RecordingError, match=rf"session_1\.nwb lacks .*{table}.*; expected a"):
        read(path)


def test_a_shorter_movie_is_refused(place):
    path = place(Session([Unit([5.1])], 5 + np.arange(N_TIME - 1) / 30))
    with pytest.raises(RecordingError, match=r"at least 60 rows, 10 repeats of 6 frames, got 59"):
        read(path)


def test_frames_in_another_order_are_refused(place):
    frames = np.roll(np.tile(np.arange(N_FRAMES), N_REPEATS), 1)
    path = place(Session([Unit([5.1])], frames=frames))
    with pytest.raises(RecordingError, match=r"presentations/frame must be 10 times 0 … 5"):
        read(path)


def test_times_that_do_not_rise_are_refused(place):
    starts = 5 + np.arange(N_TIME) / 30
    starts[[10, 11]] = starts[[11, 10]]
    path = place(Session([Unit([5.1])], starts, stops=starts + 1 / 30))
    with pytest.raises(RecordingError, match="must have rising start_time, each before its stop"):
        read(path)


def test_the_shortcut_needs_whole_bins(place):
    path = place(Session([Unit([5.1])]))
    with pytest.raises(ValueError, match=r"must divide 1/30 s.*got 0\.01; use the real frames"):
        read(path, ideal_frames=True, bin_width_s=0.01)
    assert len(read(path, bin_width_s=0.01)["frames"]) == 200


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_file(), reason="CEBRA_KEDRO_DATA has no nwb/A8604-211122.nwb")
def test_a_real_recording_without_the_movie_is_refused_with_what_it_lacks():
    lacks = "lacks general/stimulus, intervals/natural_movie_one_presentations/start_time, "
    with pytest.raises(RecordingError, match=rf"A8604-211122\.nwb {lacks}.*units/quality.*fetch"):
        pseudomouse_from_nwb([DATA], "VISp")
