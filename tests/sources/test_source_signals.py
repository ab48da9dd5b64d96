"""Spikes, traces and behaviour on their own clocks → a recording, against the simulated truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources.registry import source, typed_options

START_S, N_RUNS, RUN_S, REST_S, RATE_HZ = 100.0, 8, 4.0, 2.0, 50.0
BIN_S = 0.1


def session(seed: int = 0) -> dict[str, Any]:
    """Runs to and fro along a line at 25 cm/s with rests between them, tracked at 50 Hz."""
    rng = np.random.default_rng(seed)
    times, along = [], []
    for run in range(N_RUNS):
        steps = np.arange(0, RUN_S + REST_S, 1 / RATE_HZ)
        way = np.clip(steps / RUN_S, 0, 1) * 100
        times.append(START_S + run * (RUN_S + REST_S) + steps)
        along.append(way if run % 2 == 0 else 100 - way)
    time, place = np.concatenate(times), np.concatenate(along)
    spikes = [np.sort(rng.uniform(START_S - 5, time[-1] + 5, n)) for n in (300, 40, 900)]
    return {
        "time": time,
        "x": 0.8 * place,
        "y": 0.6 * place,
        "animal": np.array(["rat"]),
        "spikes": spikes,
    }


TRACKED = {"values": ["x", "y"], "times": "time"}
POSITION = TRACKED | {"measure": "along_axis", "unit": "cm"}


def read(raw: dict[str, Any], **options: Any) -> Recording:
    usual = {"bin_width_s": BIN_S, "spikes": {"times": "spikes"}, "labels": {"position": POSITION}}
    typed = typed_options("signals", {**usual, **options})
    return source("signals")(raw, session="monday", **typed)


def test_counts_are_those_of_numpy_and_labels_the_mean_of_their_samples():
    raw = session()
    recording = read(raw)
    edges = START_S + BIN_S * np.arange(recording.n_time + 1)
    for unit, times in enumerate(raw["spikes"]):
        assert np.array_equal(recording.neural[:, unit], np.histogram(times, edges)[0])
    place = np.hypot(raw["x"], raw["y"]).reshape(-1, 5)  # five samples a bin
    # samples lie on the edges of bins, so float noise may move one: at most 0.5 cm × 1/5
    assert recording.label("position").values == pytest.approx(place.mean(axis=1), abs=0.15)
    assert recording.label("position").unit == "cm"
    assert recording.n_time == N_RUNS * (RUN_S + REST_S) / BIN_S


def test_only_runs_are_kept_and_each_is_a_trial_in_one_direction():
    labels = {"position": POSITION, "direction": TRACKED | {"measure": "direction"}}
    moving = {"label": "position", "faster_than": 12, "shortest_s": 1.0}
    recording = read(session(), labels=labels, epochs={"moving": moving})
    assert len(np.unique(recording.trial)) == N_RUNS
    assert recording.n_time * BIN_S == pytest.approx(N_RUNS * RUN_S, rel=0.1)
    for number, trial in enumerate(np.unique(recording.trial)):
        inside = recording.trial == trial
        assert set(recording.label("direction").values[inside]) == {1 - number % 2}


def test_the_line_of_a_track_is_that_of_the_time_that_is_kept():
    raw = session()
    elsewhere = raw["time"] > 130  # resting in a box far away, across the track
    raw["x"][elsewhere] = 1000 + raw["y"][elsewhere]
    raw["y"][elsewhere] = -1000 - raw["x"][elsewhere]
    recording = read(raw, epochs={"between": [[100, 130]]})
    expected = read(session(), epochs={"between": [[100, 130]]}).label("position").values
    assert recording.label("position").values == pytest.approx(expected, abs=1e-3)


def test_where_tracking_is_lost_no_direction_is_made_up():
    raw = session()
    raw["x"][(raw["time"] > 110) & (raw["time"] < 111)] = np.nan
    labels = {"direction": TRACKED | {"measure": "direction"}}
    with pytest.raises(RecordingError, match=r"labels\.direction: .*bins have no value"):
        read(raw, labels=labels)


def test_a_clock_that_starts_elsewhere_changes_nothing():
    raw, later = session(), session()
    for name in ("time", "spikes"):
        later[name] = (
            [times + 4096.0 for times in raw[name]] if name == "spikes" else raw[name] + 4096.0
        )
    one, other = read(raw), read(later)
    assert np.array_equal(one.neural, other.neural)
    assert one.label("position").values == pytest.approx(other.label("position").values, abs=0.15)


@pytest.mark.parametrize("form", ["units", "pattern", "milliseconds", "files"])
def test_every_form_of_spike_times_gives_the_same_recording(form):
    raw = session()
    expected, spikes = read(raw), raw.pop("spikes")
    labels = {"position": POSITION}
    if form == "units":
        order = np.random.default_rng(1).permutation(sum(map(len, spikes)))
        raw["t"] = np.concatenate(spikes)[order]
        raw["unit"] = np.repeat([3, 7, 20], [len(times) for times in spikes])[order]
        found = read(raw, spikes={"times": "t", "units": "unit"})
    elif form == "pattern":
        raw |= {f"unit_{number}": times for number, times in zip((1, 2, 10), spikes, strict=True)}
        found = read(raw, spikes={"times": "unit_*"})
    elif form == "milliseconds":
        raw["ms"] = [times * 1000 for times in spikes]
        found = read(raw, spikes={"times": "ms", "scale": 1e-3})
    else:
        labels = {
            "position": POSITION
            | {"values": ["tracking/x", "tracking/y"], "times": "tracking/time"}
        }
        files = {"tracking": raw, "probe": {"spikes": spikes}}
        found = read(files, spikes={"times": "probe/spikes"}, labels=labels)
    assert np.array_equal(found.neural, expected.neural)
    assert np.array_equal(found.label("position").values, expected.label("position").values)


def test_text_becomes_classes_and_degrees_rad():
    raw = session()
    raw["side"] = np.where(raw["x"] > 40, "right", "left")
    raw["heading"] = np.full(len(raw["x"]), 180.0)
    labels = {
        "side": {"values": "side", "times": "time"},
        "heading": {"values": "heading", "times": "time", "kind": "circular", "unit": "deg"},
    }
    recording = read(raw, labels=labels)
    assert recording.label("side").kind == "discrete"
    assert set(recording.label("side").values) == {0, 1}
    heading = recording.label("heading")
    assert (heading.values_unit, heading.unit) == ("rad", "deg")  # in rad, to be shown in deg
    assert np.abs(recording.label("heading").values) == pytest.approx(np.pi)


LICKS = {"values": "licks", "times": "time", "kind": "discrete"}


def licking(every: int, length: int) -> dict[str, Any]:
    """The session with licks of so many samples of 20 ms; bins are 100 ms."""
    raw = session()
    raw["licks"] = (np.arange(len(raw["time"])) % every < length).astype(int)
    return raw


def test_events_shorter_than_a_bin_do_not_vanish_without_a_word(caplog):
    raw = licking(every=17, length=1)  # 17 and the 5 samples of a bin fall together each 85
    recording = read(raw, labels={"licks": LICKS})
    times, edges = raw["time"][raw["licks"] == 1], START_S + BIN_S * np.arange(recording.n_time + 1)
    within = int(np.histogram(times, edges)[0].sum())
    shown = int((recording.label("licks").values == 1).sum())
    assert 0 < shown < within
    assert f"monday: licks: no bin shows {within - shown} of the {within} stretches of 1" in (
        caplog.text
    )
    assert "kind: continuous" in caplog.text
    rate = read(raw, labels={"licks": LICKS | {"kind": "continuous"}}).label("licks").values
    assert rate.sum() * 5 == pytest.approx(within)  # as is advised: nothing is lost


def test_events_longer_than_a_bin_need_no_word(caplog):
    read(licking(every=40, length=7), labels={"licks": LICKS})
    assert "no bin shows" not in caplog.text


def test_a_label_slower_than_the_bins_is_the_last_one_so_far():
    raw = session() | {"slow": np.arange(48.0)}
    label = {"values": "slow", "rate_hz": 1.0, "start_s": START_S - 0.55}
    values = read(raw, labels={"slow": label, "position": POSITION}).label("slow").values
    in_bin = np.floor(0.55 + BIN_S * (np.arange(len(values)) + 0.9))
    assert np.array_equal(values, in_bin)


def test_lost_tracking_is_refused_dropped_or_interpolated_as_told():
    raw = session()
    lost = (raw["time"] > 110.001) & (raw["time"] < 111.001)
    raw["x"][lost] = raw["y"][lost] = np.nan
    labels = {"x": {"values": "x", "times": "time"}}
    with pytest.raises(RecordingError, match=r"monday: labels\.x: .*10"):
        read(raw, labels=labels)
    whole, dropped = (
        read(session(), labels=labels),
        read(raw, labels=labels, missing={"rule": "drop"}),
    )
    assert 9 <= whole.n_time - dropped.n_time <= 11
    assert len(np.unique(dropped.trial)) == 2
    filled = read(raw, labels=labels, missing={"rule": "interpolate", "longest_s": 1.5})
    assert filled.n_time == whole.n_time
    # position is linear there, but for the ends of a run
    assert filled.label("x").values == pytest.approx(whole.label("x").values, abs=1.0)


def test_intervals_of_the_file_are_trials():
    start = START_S + 6 * np.arange(N_RUNS)
    raw = session() | {"start": start, "stop": start + 3.0}
    recording = read(raw, trials={"start": "start", "stop": "stop"})
    assert np.array_equal(np.bincount(recording.trial), np.full(N_RUNS, 30))


def test_traces_are_averaged_and_smoothed_activity_is_float():
    raw = session()
    raw["dff"] = np.arange(len(raw["time"]) * 2.0).reshape(2, -1)
    traces = {"values": "dff", "times": "time", "transposed": True}
    recording = read(raw, spikes=None, traces=traces)
    assert recording.neural.shape[1] == 2
    assert recording.neural[3] == pytest.approx(raw["dff"][:, 15:20].mean(axis=1), abs=0.6)
    smooth = read(raw, smoothing={"sigma_s": 0.2})
    assert smooth.neural.dtype == np.float32
    assert smooth.neural.mean(axis=0) == pytest.approx(read(raw).neural.mean(axis=0), rel=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spikes": {"times": "spks"}}, "names spks, but there are time, x, y"),
        ({"spikes": None}, "spikes or traces, one of the two"),
        (
            {"labels": {"x": {"values": "x", "times": "animal"}}},
            r"labels\.x\.times wants numbers in one dimension, but animal holds <U3",
        ),
        (
            {"labels": {"x": {"values": "x", "times": "time", "scale": 1e-3}}, "spikes": None}
            | {"traces": {"values": "z", "rate_hz": 10, "start_s": 1e4}},
            "the signals have no time in common: .* s, .* s; correct scale",
        ),
        ({"labels": {"z": {"values": "z", "times": "time"}}}, "2400 times"),
        ({"spikes": {"times": "spikes", "lowest_rate_hz": 500}}, "no unit fires 500"),
        ({"epochs": {"between": [[0, 1]]}}, "no time is left by epochs"),
        (
            {
                "epochs": {
                    "between": [[0, 1]],
                    "moving": {"label": "position", "faster_than": 1},
                }
            },
            r"no time is left by epochs\.between of 100 to 148 s",
        ),
        ({"epochs": {"moving": {"label": "speed", "faster_than": 1}}}, "the labels are position"),
        ({"bin_width_s": 1000}, "no bin of 1000"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(options, message):
    raw = session() | {"z": np.zeros((10, 2))}
    with pytest.raises(RecordingError, match=message):
        read(raw, **options)


def test_a_label_needs_one_clock():
    with pytest.raises(ValueError, match=r"labels\.x: give times \(an array\) or rate_hz"):
        typed_options("signals", {"labels": {"x": {"values": "x"}}})


def test_a_trial_begins_where_the_label_of_trials_changes():
    raw = session() | {"lap": np.repeat(np.arange(N_RUNS), int((RUN_S + REST_S) * RATE_HZ))}
    labels = {"position": POSITION, "lap": {"values": "lap", "times": "time"}}
    recording = read(raw, labels=labels, trials={"label": "lap"})
    np.testing.assert_array_equal(recording.trial, recording.label("lap").values)
    # within epochs as well: what lies between two runs is the border of a trial
    moving = {"label": "position", "faster_than": 12, "shortest_s": 1.0}
    kept = read(raw, labels=labels, trials={"label": "lap"}, epochs={"moving": moving})
    assert len(np.unique(kept.trial)) == N_RUNS


@pytest.mark.parametrize("label", ["position", "lost"])
def test_trials_follow_a_discrete_label_only(label):
    with pytest.raises(RecordingError, match=rf"trials.label names {label}, but must name a discr"):
        read(session(), trials={"label": label})


@pytest.mark.parametrize("block", [{"start": "a"}, {}, {"start": "a", "stop": "b", "label": "c"}])
def test_trials_are_intervals_or_follow_a_label(block):
    with pytest.raises(ValueError, match=r"give start and stop \(two arrays\), or label"):
        read(session(), trials=block)


def test_epochs_of_a_file_that_touch_are_one():
    """As frames of a movie that follow each other; repeats have a pause between them."""
    frame_s = 1 / 30
    start = np.concatenate([110 + repeat * 12 + frame_s * np.arange(300) for repeat in range(3)])
    shuffled = np.random.default_rng(0).permutation(len(start))
    raw = session() | {"on": start[shuffled], "off": (start + frame_s)[shuffled]}
    recording = read(raw, epochs={"intervals": {"start": "on", "stop": "off"}})
    assert np.bincount(recording.trial).tolist() == [100, 100, 100]


def test_spikes_in_another_unit_of_time_are_noticed():
    raw = session()
    raw["spikes"] = [1000 * times for times in raw["spikes"]]
    with pytest.raises(
        RecordingError, match=r"none lies in .* correct spikes.scale \(0.001 for ms"
    ):
        read(raw)
    in_ms = read(raw, spikes={"times": "spikes", "scale": 0.001})
    np.testing.assert_array_equal(in_ms.neural, read(session()).neural)
