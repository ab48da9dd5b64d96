"""Simulated reaching has the published structure and the kinematics and tuning it claims."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.simulate.monkey_reaching import simulate_session
from cebra_kedro.simulate.reaching_trials import (
    draw_units,
    hand_path,
    kernel_size,
    path_times_s,
    smoothed_spikes,
    smoothing_kernel,
)

SMALL = {"active_trials": (12, 5), "passive_trials": (8, 4), "trial_len": 60, "n_units": 6}
KEYS = {
    *("spikes", "vel", "pos", "passive", "movement_dir", "movement_dir_actpas"),
    *("num_trials", "trial_len"),
}


def simulate(session="active", part="train", seed=0, **changes):
    return simulate_session(seed=seed, session=session, part=part, **SMALL | changes)


def by_trial(content, key):
    return content[key].reshape(content["num_trials"], content["trial_len"], -1)


@settings(max_examples=15, deadline=None)
@given(
    session=st.sampled_from(["active", "passive", "all"]),
    part=st.sampled_from(["train", "valid", "test"]),
    counts=st.tuples(*[st.integers(2, 12)] * 4),
    trial_len=st.sampled_from([12, 30, 60]),
    n_units=st.integers(1, 5),
)
def test_every_file_has_the_published_keys_shapes_and_dtypes(
    session, part, counts, trial_len, n_units
):
    active, passive = counts[:2], counts[2:]
    content = simulate(
        session,
        part,
        active_trials=active,
        passive_trials=passive,
        trial_len=trial_len,
        n_units=n_units,
    )
    train, held_out = {
        "active": active,
        "passive": passive,
        "all": (active[0] + passive[0], active[1] + passive[1]),
    }[session]
    n = {"train": train, "valid": held_out // 2, "test": held_out - held_out // 2}[part]
    assert set(content) == KEYS
    assert (content["num_trials"], content["trial_len"]) == (n, trial_len)
    for key, width in {"spikes": n_units, "pos": 2, "vel": 2}.items():
        assert content[key].shape == (n * trial_len, width)
        assert content[key].dtype == np.float64
        assert np.isfinite(content[key]).all()
    for key in ("passive", "movement_dir", "movement_dir_actpas"):
        assert content[key].shape == (n,)
    assert content["passive"].dtype == bool
    np.testing.assert_array_equal(
        content["movement_dir_actpas"], content["movement_dir"] + 8 * content["passive"]
    )
    assert set(content["movement_dir"]) <= set(range(8))


def test_published_numbers_of_trials_are_the_default():
    import inspect

    arguments = inspect.signature(simulate_session).parameters
    assert arguments["active_trials"].default == (141, 52)
    assert arguments["passive_trials"].default == (131, 40)
    assert (arguments["trial_len"].default, arguments["n_units"].default) == (600, 65)


def test_one_seed_is_one_day():
    first, again, other = simulate(), simulate(), simulate(seed=1)
    for key in KEYS:
        np.testing.assert_array_equal(first[key], again[key])
    assert not np.array_equal(first["spikes"], other["spikes"])


def test_all_holds_the_trials_of_active_and_passive_with_the_same_bits():
    everything = simulate("all")
    for session, passive in (("active", False), ("passive", True)):
        chosen = everything["passive"] == passive
        own = simulate(session)
        for key in ("spikes", "pos", "vel"):
            np.testing.assert_array_equal(by_trial(everything, key)[chosen], by_trial(own, key))
    # in the order of the session, not one kind after the other
    assert (np.diff(everything["passive"].astype(int)) != 0).sum() > 1


def test_the_parts_of_a_kind_have_no_trial_in_common_and_halve_the_held_out_ones():
    def trials(session, *parts):
        return [t.tobytes() for part in parts for t in by_trial(simulate(session, part), "pos")]

    for session in ("active", "passive", "all"):
        together = trials(session, "train", "valid", "test")
        assert len(set(together)) == len(together)
    held_out = set(trials("active", "valid", "test")) | set(trials("passive", "valid", "test"))
    assert set(trials("all", "valid", "test")) == held_out
    assert set(trials("all", "train")).isdisjoint(held_out)


def test_targets_are_balanced_in_training():
    counts = np.bincount(simulate(active_trials=(20, 5))["movement_dir"], minlength=8)
    assert counts.max() - counts.min() <= 1


def test_active_hands_reach_in_the_direction_of_the_target():
    content = simulate(active_trials=(64, 4))
    end = by_trial(content, "pos")[:, -1]
    angle = np.arctan2(end[:, 1], end[:, 0]) - content["movement_dir"] * np.pi / 4
    # start and aim scatter by 0.35 and 0.5 cm on a way of 10.5 cm: sd 3.3 degrees
    assert np.abs(np.angle(np.exp(1j * angle))).max() < np.deg2rad(20)
    assert np.linalg.norm(end, axis=1).mean() == pytest.approx(10.5, abs=0.5)


def test_bumps_are_shorter_and_faster_and_mostly_taken_back():
    active = simulate("active", active_trials=(32, 4), trial_len=600)
    passive = simulate("passive", passive_trials=(32, 4), trial_len=600)
    reach, bump = (np.abs(by_trial(c, "pos")).max(axis=(1, 2)).mean() for c in (active, passive))
    assert bump < 0.6 * reach

    def rise_s(content):
        """From movement onset to the farthest point from the start."""
        path = by_trial(content, "pos")
        away = np.linalg.norm(path - path[:, :1], axis=2)
        return away.argmax(axis=1).mean() / 1000 - 0.1

    assert rise_s(passive) < 0.6 * rise_s(active)
    path = by_trial(passive, "pos")
    away = np.linalg.norm(path - path[:, :1], axis=2)
    assert (away[:, -1] / away.max(axis=1)).mean() < 0.6


def test_hands_rest_before_the_movement():
    speed = np.linalg.norm(by_trial(simulate(trial_len=600), "vel"), axis=2)
    # the wobble of 0.1 cm at up to 1.5 Hz moves at about 1 cm/s
    assert speed[:, :90].max() < 5 < speed[:, 200:300].max()


def test_velocity_is_the_derivative_of_position():
    content = simulate(trial_len=600)
    position, velocity = by_trial(content, "pos"), by_trial(content, "vel")
    # central differences of the path; the ends need the bins beside the trial
    expected = (position[:, 2:] - position[:, :-2]) / 0.002
    np.testing.assert_allclose(velocity[:, 1:-1], expected, atol=1e-9)


@pytest.mark.parametrize("trial_len", [600, 120, 60])
def test_the_kernel_is_the_published_gaussian(trial_len):
    from scipy.signal.windows import gaussian

    bin_ms = 600 / trial_len
    expected = gaussian(int(6 * 40 / bin_ms), 40 / bin_ms, sym=True)
    # the same formula; sums of 240 numbers round
    np.testing.assert_allclose(smoothing_kernel(trial_len), expected / expected.sum(), atol=1e-15)
    assert kernel_size(600) == 240


def test_spikes_are_smoothed_before_trials_are_cut():
    """As numpy convolves the recording around the trial, whose counts are drawn again here."""
    trial_len = 120
    units = draw_units(np.random.default_rng(0), 4, 1.0)
    path = hand_path(np.random.default_rng(1), path_times_s(trial_len), 3, passive=False)

    class Recorder:
        """Hands out the numbers of a generator and keeps the counts."""

        def __init__(self):
            self.rng = np.random.default_rng(2)

        def __getattr__(self, name):
            return getattr(self.rng, name)

        def poisson(self, rate):
            self.counts = self.rng.poisson(rate)
            return self.counts

    recorder = Recorder()
    smoothed = smoothed_spikes(recorder, units, path, trial_len)
    kernel = smoothing_kernel(trial_len)
    first = kernel.size // 2
    for unit in range(4):
        whole = np.convolve(recorder.counts[:, unit], kernel, "same")
        # sums of 48 products of order 1
        np.testing.assert_allclose(smoothed[:, unit], whole[first : first + trial_len], atol=1e-12)


def test_rates_are_heavy_tailed_and_scale():
    content = simulate(n_units=60, active_trials=(16, 2))
    rate_hz = content["spikes"].mean(axis=0) * 100  # bins of 10 ms
    assert np.mean(rate_hz) > 1.3 * np.median(rate_hz)
    assert 4 < rate_hz.mean() < 14
    double = simulate(n_units=60, active_trials=(16, 2), rate_scale=2.0)["spikes"].mean() * 100
    # Poisson noise of some 10⁴ spikes is 1 %; the cap on rates takes a few per cent
    assert double / rate_hz.mean() == pytest.approx(2, abs=0.15)


def test_neurons_are_cosine_tuned_to_the_direction():
    content = simulate(n_units=40, active_trials=(160, 4))
    rate = by_trial(content, "spikes")[:, 30:].mean(axis=1)
    angle = content["movement_dir"] * np.pi / 4
    waves = np.column_stack([np.ones_like(angle), np.cos(angle), np.sin(angle)])
    fit = waves @ np.linalg.lstsq(waves, rate, rcond=None)[0]
    of_targets = np.array([rate[content["movement_dir"] == i].mean(axis=0) for i in range(8)])
    fit_of_targets = np.array([fit[content["movement_dir"] == i].mean(axis=0) for i in range(8)])
    explained = 1 - ((of_targets - fit_of_targets) ** 2).sum(0) / (
        (of_targets - of_targets.mean(0)) ** 2
    ).sum(0)
    # the rate is the exponential of a cosine, and 20 trials a target are noisy
    assert np.median(explained) > 0.8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"session": "both"}, "session must be one of active, passive, all, got 'both'"),
        ({"part": "all"}, "part must be one of train, valid, test, got 'all'"),
        ({"seed": -1}, "seed must be a non-negative integer, got -1"),
        ({"active_trials": (0, 5)}, r"active_trials must be two numbers.* got \[0, 5\]"),
        ({"passive_trials": (5, 1)}, r"passive_trials must be two numbers.* got \[5, 1\]"),
        ({"trial_len": 70}, "trial_len must be in .* and divide 600"),
        ({"trial_len": 6}, "trial_len must be in .* got 6"),
        ({"n_units": 0}, "n_units must be at least 1, got 0"),
        ({"rate_scale": 0}, "rate_scale must be above 0 and at most 20, got 0"),
    ],
)
def test_arguments_out_of_range_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        simulate(**changes)
