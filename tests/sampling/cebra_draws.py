"""Draws of cebra's distributions beside ours, and how their distributions are compared."""

import numpy as np
from scipy import stats

from cebra_kedro.sampling import find_anchors

N_DRAWS = 100_000
CHUNK = 500  # queries that cebra compares with every sample at once
N_TIME = 600
OFFSET = 10

# All is seeded, so a comparison gives the same p-value each time. Some 130 comparisons are made; if
# new versions of torch or numpy draw other numbers, one of equal laws fails with a probability
# of 130 · 1e-5 (less, as ties make the test milder). A distance of 1.1 % between distribution
# functions is found.
ALPHA = 1e-5


def rat(n_time, seed):
    """Position (m) along a track, running direction as two columns: float32 (time, 3)."""
    rng = np.random.default_rng(seed)
    phase = np.cumsum(rng.gamma(2.0, 0.01, size=n_time))
    position, right = 0.8 * (1 - np.cos(phase)), np.sin(phase) > 0
    return np.column_stack([position, right, ~right]).astype(np.float32)


def exact(labels):
    """In steps of 1/256, labels below 4 have squares that float32 adds up without rounding."""
    return np.round(labels * 256) / 256


def film(n_frames=60, n_repeats=10, dim=12):
    """The same frames again and again; small integers, so that ties are exact in float32 too."""
    frames = np.random.default_rng(1).integers(-3, 4, size=(n_frames, dim))
    return np.tile(frames, (n_repeats, 1)).astype(np.float32)


def clamped(*labels):
    return find_anchors([np.zeros(len(x), int) for x in labels], [(5, 5)] * len(labels), clamp=True)


def statistics(labels, reference, positive):
    """One number a pair each; with several sessions, bins are numbered through."""
    change = labels[positive].astype(float) - labels[reference]
    return {
        "reference": reference,
        "positive": positive,
        "bins from reference to positive": positive - reference,
        **{f"change of label {d}": column for d, column in enumerate(change.T)},
    }


def p_values(labels, ours, theirs):
    ours, theirs = statistics(labels, *ours), statistics(labels, *theirs)
    assert len(ours["reference"]) == len(theirs["reference"]) == N_DRAWS
    return {name: stats.ks_2samp(ours[name], theirs[name], method="asymp").pvalue for name in ours}


def assert_same_distribution(labels, ours, theirs):
    p = p_values(labels, ours, theirs)
    assert min(p.values()) > ALPHA, p


def drawn_by_cebra(distribution):
    """References and positives of one of cebra's single-session distributions."""
    for number, part in enumerate((distribution, getattr(distribution, "prior", None))):
        if part is not None:
            part.generator.manual_seed(number)  # cebra seeds it unpredictably
    reference = distribution.sample_prior(N_DRAWS)
    positive = [distribution.sample_conditional(part) for part in reference.split(CHUNK)]
    return reference.numpy(), np.concatenate([part.numpy() for part in positive])


def without_artificial_zeros(distribution):
    """The changes that were recorded: cebra leaves the first ``time_delta`` of them zero."""
    assert (distribution.time_difference[: distribution.time_delta] == 0).all()
    distribution.time_difference = distribution.time_difference[distribution.time_delta :]
    return distribution


def drawn_by(law, n_sessions=1, objective=0):
    pairs = law.draw(0, N_DRAWS // n_sessions, 1)
    return pairs.reference, pairs.positives[objective]


def tensor(labels):
    """The same numbers in float64."""
    import torch

    return torch.from_numpy(labels.astype(np.float64))


def time_delta(cebra, labels, offset=OFFSET):
    return without_artificial_zeros(
        cebra.distributions.TimedeltaDistribution(tensor(labels), offset)
    )


def drawn_by_cebra_sessions(sampler, n_sessions):
    """References and their positives, matched and numbered through the sessions."""
    references, positives = [], []
    for _ in range(N_DRAWS // n_sessions // CHUNK):
        reference = sampler.sample_prior(CHUNK)
        positive, _, reverse = sampler.sample_conditional(reference)
        references.append(reference + sampler.lengths[:, None])
        positives.append((positive + sampler.lengths[:, None]).ravel()[reverse])
    # Session 0 first, as our laws order a batch.
    reference = np.concatenate(references, axis=1).ravel()
    positive = np.concatenate([x.reshape(n_sessions, -1) for x in positives], axis=1).ravel()
    return reference, positive


def cebra_sessions(cebra, **labels):
    """A cebra dataset of several sessions, from lists of arrays."""
    import torch

    names, arrays = zip(*labels.items(), strict=True)
    return cebra.data.DatasetCollection(
        *(
            cebra.data.TensorDataset(
                torch.zeros(len(parts[0]), 2),
                **{name: torch.from_numpy(part) for name, part in zip(names, parts, strict=True)},
            )
            for parts in zip(*arrays, strict=True)
        )
    )
