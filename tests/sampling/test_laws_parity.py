"""Pairs are distributed as cebra's: Kolmogorov-Smirnov on 100 000 draws of each.

Ours are drawn with clamped windows, as cebra's: every bin of a session can be drawn and a session
is one segment. Compared are the reference, the positive, their distance in bins and the change of
each label. Three differences are deliberate; a test below shows each, and elsewhere they are made
to play no part:

* cebra adds ``time_offset`` artificial zeros to the label changes of a single session (elsewhere
  they are taken out of its distribution);
* cebra measures distances in the precision of the labels, and in float32, rounding decides between
  labels that are near to each other (elsewhere it is given float64, or labels whose distances are
  exact);
* cebra's uniform prior gives a share to class ids that do not occur (elsewhere all occur).
"""

import numpy as np
import pytest
from cebra_draws import (
    ALPHA,
    CHUNK,
    N_DRAWS,
    N_TIME,
    OFFSET,
    assert_same_distribution,
    cebra_sessions,
    clamped,
    drawn_by,
    drawn_by_cebra,
    drawn_by_cebra_sessions,
    exact,
    film,
    p_values,
    rat,
    tensor,
    time_delta,
    without_artificial_zeros,
)
from scipy import stats

from cebra_kedro.sampling import (
    ClassLaw,
    DeltaNormalLaw,
    HybridLaw,
    LabelTable,
    MixedLaw,
    NearestAnchor,
    TimeDeltaLaw,
    TimeLaw,
)


@pytest.mark.parametrize("offset", [1, OFFSET, 400])
def test_time_pairs_are_distributed_as_cebras(cebra, offset):
    labels = rat(N_TIME, 0)
    theirs = cebra.distributions.TimeContrastive(num_samples=N_TIME, time_offset=offset)
    law = TimeLaw(clamped(labels), offset, seed=0)
    assert_same_distribution(labels, drawn_by(law), drawn_by_cebra(theirs))


@pytest.mark.parametrize("offset", [1, OFFSET, 200])
@pytest.mark.parametrize("labels", [rat(N_TIME, 0), film()], ids=["rat", "film"])
def test_time_delta_pairs_are_distributed_as_cebras(cebra, labels, offset):
    law = TimeDeltaLaw(clamped(labels), labels, offset, seed=0)
    theirs = drawn_by_cebra(time_delta(cebra, labels, offset))
    assert_same_distribution(labels, drawn_by(law), theirs)


@pytest.mark.parametrize("delta", [0.01, 0.3])
def test_delta_normal_pairs_are_distributed_as_cebras(cebra, delta):
    labels = rat(N_TIME, 0)
    theirs = cebra.distributions.DeltaNormalDistribution(tensor(labels), delta)
    law = DeltaNormalLaw(clamped(labels), labels, delta, seed=0)
    assert_same_distribution(labels, drawn_by(law), drawn_by_cebra(theirs))


@pytest.mark.parametrize("prior", ["empirical", "uniform"])
def test_class_pairs_are_distributed_as_cebras(cebra, prior):
    import torch

    classes = np.random.default_rng(0).choice(5, size=1000, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    theirs = {
        "empirical": cebra.distributions.DiscreteEmpirical,
        "uniform": cebra.distributions.DiscreteUniform,
    }[prior](torch.from_numpy(classes))
    reference = theirs.sample_prior(N_DRAWS)
    # cebra's conditional wants the classes of the references, as its loader passes them.
    positive = theirs.sample_conditional(torch.from_numpy(classes)[reference])
    law = ClassLaw(clamped(classes), classes, 0, prior)
    assert_same_distribution(classes[:, None], drawn_by(law), (reference.numpy(), positive.numpy()))


def test_mixed_pairs_are_distributed_as_cebras(cebra):
    import torch

    labels = rat(N_TIME, 0)
    classes = np.random.default_rng(0).choice(3, size=N_TIME, p=[0.6, 0.3, 0.1])
    theirs = cebra.distributions.MixedTimeDeltaDistribution(
        torch.from_numpy(classes), tensor(labels), OFFSET
    )
    law = MixedLaw(clamped(labels), labels, classes, OFFSET, seed=0)
    both = np.column_stack([labels, classes])
    found = drawn_by_cebra(without_artificial_zeros(theirs))
    assert_same_distribution(both, drawn_by(law), found)


def test_hybrid_pairs_are_distributed_as_cebras(cebra):
    import torch

    labels = exact(rat(N_TIME, 0))  # the data set makes them float32 again
    loader = cebra.data.HybridDataLoader(
        dataset=cebra.data.TensorDataset(
            torch.zeros(N_TIME, 2), continuous=torch.from_numpy(labels)
        ),
        num_steps=1,
        batch_size=CHUNK,
        time_offset=OFFSET,
    )
    without_artificial_zeros(loader.behavior_distribution).generator.manual_seed(0)
    loader.time_distribution.generator.manual_seed(1)
    batches = [loader.get_indices(CHUNK) for _ in range(N_DRAWS // CHUNK)]
    reference = np.concatenate([batch.reference for batch in batches])
    anchors = clamped(labels)
    law = HybridLaw(TimeDeltaLaw(anchors, labels, OFFSET, 0), TimeLaw(anchors, OFFSET, 0))
    for objective in (0, 1):  # cebra: behaviour, then time, one behind the other
        positive = [batch.positive.split(CHUNK)[objective] for batch in batches]
        theirs = reference, np.concatenate(positive)
        assert_same_distribution(labels, drawn_by(law, objective=objective), theirs)


def assert_same_between_sessions(labels, n_rows, ours, theirs):
    """The same overall, and for each session that references and positives come from."""
    assert_same_distribution(labels, ours, theirs)
    session = np.repeat(np.arange(len(n_rows)), n_rows)
    for one in range(len(n_rows)):
        for other in range(len(n_rows)):
            chosen = [
                reference_positive[1][
                    (session[reference_positive[0]] == one)
                    & (session[reference_positive[1]] == other)
                ]
                for reference_positive in (ours, theirs)
            ]
            # A fair share of the 100 000, within five standard deviations of a binomial.
            share = N_DRAWS / len(n_rows) ** 2
            assert [len(x) for x in chosen] == pytest.approx([share] * 2, abs=5 * share**0.5)
            assert stats.ks_2samp(*chosen, method="asymp").pvalue > ALPHA


def test_time_delta_pairs_of_two_sessions_are_distributed_as_cebras(cebra):
    sessions = [exact(rat(600, 0)), exact(rat(300, 1))]  # the sampler makes them float32
    dataset = cebra_sessions(cebra, continuous=sessions)
    sampler = cebra.distributions.MultisessionSampler(dataset, OFFSET)
    labels = np.concatenate(sessions)
    law = TimeDeltaLaw(clamped(*sessions), labels, OFFSET, seed=0)
    theirs = drawn_by_cebra_sessions(sampler, 2)
    assert_same_between_sessions(labels, [600, 300], drawn_by(law, 2), theirs)


def test_class_pairs_of_two_sessions_are_distributed_as_cebras(cebra):
    rng = np.random.default_rng(0)
    sessions = [rng.choice(3, 600, p=[0.7, 0.2, 0.1]), rng.choice(3, 300, p=[0.1, 0.3, 0.6])]
    dataset = cebra_sessions(cebra, discrete=sessions)
    sampler = cebra.distributions.DiscreteMultisessionSampler(dataset)
    classes = np.concatenate(sessions)
    law = ClassLaw(clamped(*sessions), classes, seed=0)
    theirs = drawn_by_cebra_sessions(sampler, 2)
    assert_same_between_sessions(classes[:, None], [600, 300], drawn_by(law, 2), theirs)


def test_the_comparison_notices_another_law(cebra):
    labels = rat(N_TIME, 0)
    anchors, theirs = clamped(labels), drawn_by_cebra(time_delta(cebra, labels))
    for other in (
        TimeDeltaLaw(anchors, labels, OFFSET + 1, 0),
        TimeDeltaLaw(anchors, labels, OFFSET - 1, 0),
        TimeLaw(anchors, OFFSET, 0),
        DeltaNormalLaw(anchors, labels, 0.1, 0),
    ):
        assert min(p_values(labels, drawn_by(other), theirs).values()) < ALPHA


def test_uniform_ties_are_noticed_but_change_no_label(cebra):
    labels = film()
    ours = drawn_by(TimeDeltaLaw(clamped(labels), labels, OFFSET, 0, "uniform"))
    theirs = drawn_by_cebra(time_delta(cebra, labels))
    assert theirs[1].max() < 60  # the first of ten repeats holds all of cebra's positives
    p = p_values(labels, ours, theirs)
    assert p["positive"] < ALPHA
    assert min(value for name, value in p.items() if name.startswith("change")) > ALPHA


def test_only_cebra_draws_changes_that_were_never_recorded(cebra):
    labels = np.linspace(0, 1, 500, dtype=np.float32)[:, None]  # never the same twice
    reference, positive = drawn_by(TimeDeltaLaw(clamped(labels), labels, 50, 0))
    inside = reference < 449  # behind, the query is beyond the last label
    # One bin more or less, as steps of float32 numbers are not all equal.
    assert (np.abs(positive - reference - 50)[inside] <= 1).all()
    theirs = cebra.distributions.TimedeltaDistribution(tensor(labels), 50)
    reference, positive = drawn_by_cebra(theirs)
    # 50 artificial zeros among 500 changes; standard deviation √(0.1 · 0.9 / 1e5) = 0.001
    assert (positive == reference).mean() == pytest.approx(0.1, abs=0.005)


def test_rounding_in_float32_moves_cebras_positives_by_less_than_a_millimetre(cebra):
    import torch

    # Ten times more bins than elsewhere, so that labels lie close to each other.
    labels = rat(10 * N_TIME, 0)
    base, end, start = np.random.default_rng(0).integers(len(labels), size=(3, 2000))
    query = torch.from_numpy(labels[base] + (labels[end] - labels[start]))
    single, double = (
        cebra.distributions.ContinuousIndex(x).search(q).numpy()
        for x, q in ((torch.from_numpy(labels), query), (tensor(labels), query.double()))
    )
    row = np.arange(len(labels))
    ours = NearestAnchor(LabelTable.of(labels), row, row).near(query.double().numpy(), None)
    np.testing.assert_array_equal(ours, double)
    assert (single != double).mean() > 0.05
    distance_m = [
        np.linalg.norm(query.double().numpy() - labels[x], axis=1) for x in (single, ours)
    ]
    # The label is hardly another: squares of size 5 are rounded at 6e-7, the square of 0.8 mm.
    assert (distance_m[0] - distance_m[1]).max() < 1e-3


def test_only_cebra_gives_a_share_to_classes_that_do_not_occur(cebra):
    import torch

    classes = np.repeat([0, 3], 500)
    theirs = cebra.distributions.DiscreteUniform(torch.from_numpy(classes)).sample_prior(N_DRAWS)
    # The share of ids 1 and 2 falls on a single bin of class 3.
    assert np.bincount(theirs).max() / N_DRAWS == pytest.approx(0.5, abs=0.01)
    ours, _ = drawn_by(ClassLaw(clamped(classes), classes, 0, "uniform"))
    # 100 a bin, with a standard deviation of 10; the largest of 1000 is some four of them above.
    assert np.bincount(ours).max() < 160
