"""The demonstration sets have the layout of an own set, and something to find in them."""

from functools import partial

import numpy as np
import pytest

from cebra_kedro.simulate import demo
from cebra_kedro.sources.synthetic import to_recording

SETS = {
    "continuous": demo.simulate_continuous,
    "circular": demo.simulate_circular,
    "discrete": demo.simulate_discrete,
    "mixed": demo.simulate_mixed,
    "session": partial(demo.simulate_session, session=1),
}
LABELS = {
    "continuous": {"label"},
    "circular": {"angle"},
    "discrete": {"class"},
    "mixed": {"label", "class"},
    "session": {"label"},
}


@pytest.mark.parametrize("name", SETS)
def test_every_set_is_a_recording_with_the_labels_of_its_name(name):
    recording = to_recording(SETS[name](seed=0, n_time=50), subject=name)
    assert set(recording.labels) == LABELS[name] | {"latent"}
    assert recording.neural.dtype == np.float32


@pytest.mark.parametrize("name", SETS)
def test_a_seed_fixes_every_bit(name):
    first, again, other = (SETS[name](seed=seed, n_time=40) for seed in (1, 1, 2))
    for key, values in first.items():
        np.testing.assert_array_equal(values, again[key])
    assert not np.array_equal(first["neural"], other["neural"])


@pytest.mark.parametrize("name", SETS)
def test_neurons_are_functions_of_the_latent_up_to_the_noise(name):
    # without noise, a linear map of a few saturating features gives the latent back
    content = SETS[name](seed=3, noise=0.0)
    latent = content["latent"]
    design = np.column_stack([content["neural"], np.ones(len(latent))])
    fitted = design @ np.linalg.lstsq(design, latent, rcond=None)[0]
    unexplained = ((latent - fitted) ** 2).sum(axis=0) / ((latent - latent.mean(axis=0)) ** 2).sum(
        axis=0
    )
    assert unexplained.max() < 0.05  # tanh is not linear, 20 to 30 of them nearly are


@pytest.mark.parametrize("name", SETS)
def test_more_noise_hides_the_latent(name):
    quiet, loud = (SETS[name](seed=3, noise=noise) for noise in (0.0, 5.0))
    np.testing.assert_array_equal(quiet["latent"], loud["latent"])
    added = loud["neural"] - quiet["neural"]
    assert added.std() == pytest.approx(5, rel=0.02)  # at least 20000 draws: 0.5 %


def test_slow_labels_resemble_their_neighbours():
    label = demo.simulate_continuous(seed=0, n_time=20_000, n_label_dims=4)["label"]
    assert label.shape == (20_000, 4)
    lagged = [np.corrcoef(column[:-1], column[1:])[0, 1] for column in label.T]
    # exp(-1/25) of an autoregressive series; 20000 steps that forget in 25: ± 0.003
    np.testing.assert_allclose(lagged, np.exp(-1 / 25), atol=0.015)
    np.testing.assert_allclose(label.std(axis=0), 1, atol=0.2)


def test_the_circular_latent_is_the_point_of_the_angle():
    content = demo.simulate_circular(seed=0)
    angle = content["angle"]
    assert (angle >= 0).all()
    assert (angle < 2 * np.pi).all()
    # float32
    np.testing.assert_allclose(
        content["latent"], np.column_stack([np.cos(angle), np.sin(angle)]), atol=1e-5
    )


@pytest.mark.parametrize("n_classes", [2, 5])
def test_classes_last_and_all_occur(n_classes):
    classes = demo.simulate_discrete(seed=0, n_time=4000, n_classes=n_classes)["class"]
    assert set(classes) == set(range(n_classes))
    changes = np.count_nonzero(np.diff(classes))
    assert 4000 / changes == pytest.approx(20, rel=0.4)  # 200 changes: ± 7 %


def test_sessions_share_the_kind_of_label_but_neither_path_nor_neurons():
    first, second = (
        demo.simulate_session(seed=0, session=session, n_time=3000, n_neurons=n, noise=0.0)
        for session, n in enumerate((3, 5))
    )
    assert (first["neural"].shape, second["neural"].shape) == ((3000, 3), (3000, 5))
    assert first["label"].shape == second["label"].shape == (3000, 2)
    # two slow paths have a correlation by chance: sd of sqrt(25 / 3000) = 0.09
    for column in range(2):
        correlation = np.corrcoef(first["label"][:, column], second["label"][:, column])[0, 1]
        assert abs(correlation) < 0.35
    # neurons of their own: what reads the label from three of one session misses that of the other
    design = np.column_stack([first["neural"], np.ones(3000)])
    fitted = np.linalg.lstsq(design, first["label"], rcond=None)[0]
    other = np.column_stack([second["neural"][:, :3], np.ones(3000)])
    assert ((other @ fitted - second["label"]) ** 2).mean() > 2 * (
        (design @ fitted - first["label"]) ** 2
    ).mean()


def test_a_session_does_not_depend_on_the_others():
    one = demo.simulate_session(seed=0, session=1, n_time=40)
    np.testing.assert_array_equal(one["neural"], SETS["session"](seed=0, n_time=40)["neural"])
    other = demo.simulate_session(seed=0, session=2, n_time=40)
    assert not np.array_equal(one["label"], other["label"])


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("continuous", {"n_time": 9}, "n_time must be at least 10, got 9"),
        ("continuous", {"n_label_dims": 0}, "n_label_dims must be at least 1, got 0"),
        ("circular", {"seed": -1}, "seed must be a non-negative integer"),
        ("discrete", {"n_classes": 1}, "n_classes must be at least 2, got 1"),
        ("mixed", {"noise": -1.0}, "noise must be a standard deviation, at least 0, got -1.0"),
        ("session", {"n_neurons": 0}, "n_neurons must be at least 1, got 0"),
        ("session", {"session": -1}, "session must be a number from 0, got -1"),
    ],
)
def test_arguments_out_of_range_are_refused_by_name(name, changes, message):
    with pytest.raises(ValueError, match=message):
        SETS[name](**({"seed": 0} | changes))
