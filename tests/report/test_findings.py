"""Findings: what is compared, what is said of it, and what is doubted."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.report.findings import VariantFacts, findings

ENCODER = VariantFacts("place", "encoder", guided=True, window_bins=10, labels=("position",))
CONTROL = VariantFacts(
    "shuffled",
    "control",
    guided=True,
    window_bins=10,
    control_of="place",
    labels=("position",),
    decoder_permuted=True,
)
RAW = VariantFacts("raw", "baseline")
WINDOW = VariantFacts("raw_window", "baseline", window_bins=10)
PCA = VariantFacts("pca", "baseline")
TIME = VariantFacts("time", "encoder", window_bins=10)
TOGETHER = dataclasses.replace(ENCODER, name="together", joint=True)
ALL = (ENCODER, TIME, TOGETHER, CONTROL, RAW, WINDOW, PCA)

ERROR, R2 = "position_error_median", "position_r2"


def rows(variant, values, metric=ERROR, unit="m", decoder="knn", chance=None):
    """(session, fold, seed) → value; a chance level beside each if one is given."""
    found = [
        ("lab", *map(str, (s, variant, f, seed)), decoder, metric, value, unit)
        for (s, f, seed), value in values.items()
    ]
    if chance is not None:
        found += [(*row[:6], f"chance_{metric}", chance, unit) for row in found]
    return pd.DataFrame(found, columns=list(METRIC_COLUMNS))


def grid(value, sessions=("a",), folds=1, seeds=1, step=0.0):
    """The value everywhere, a step more from each session, fold and seed to the next."""
    return {
        (s, fold, seed): value + step * (i + fold + seed)
        for i, s in enumerate(sessions)
        for fold in range(folds)
        for seed in range(seeds)
    }


def sentences(table, variants=ALL, headline=ERROR, **more):
    return [finding.text for finding in findings(table, variants, headline, **more)]


def warnings(table, variants=ALL, headline=ERROR, **more):
    found = findings(table, variants, headline, **more)
    return [finding.text for finding in found if finding.tone == "warning"]


def three_folds():
    """Position error: 0.12 ± 0.01 m over folds with the encoder, always 0.13 m with raw activity.

    Fold differences -0.02, -0.01, 0.00, so the interval is -0.01 ± 4.303 · √((1/3 + 1/2) · 10⁻⁴).
    """
    encoder = grid(0.11, folds=3, step=0.01)
    return pd.concat(
        [
            rows("place", encoder, chance=0.45),
            rows("raw_window", grid(0.13, folds=3), chance=0.45),
            rows("pca", grid(0.3, folds=3), chance=0.45),
            rows("shuffled", grid(0.45, folds=3), chance=0.45),
        ]
    )


def test_the_headline_sentence_is_complete():
    assert sentences(three_folds())[0] == (
        "Median position error on held-out data: 0.120 m with the encoder “place” (guided by "
        "position), 0.130 m with raw activity summed over the same window, 0.300 m with PCA, "
        "0.450 m with its control (labels permuted), 0.450 m by chance; better than raw activity "
        "in 2 of 3 comparisons (3 folds); paired difference -0.010 m (95 % interval -0.049 to "
        "+0.029, over 3 folds)."
    ).replace("-0", "−0")


def test_the_share_of_test_rows_can_be_given():
    # ± 4.303 · √((1/3 + 1/4) · 10⁻⁴) = 0.033
    assert "−0.043 to +0.023" in sentences(three_folds(), test_to_train=0.25)[0]


def test_an_interval_that_includes_zero_is_doubted_and_the_finding_not_called_good():
    found = findings(three_folds(), ALL, ERROR)
    assert found[0].tone == "plain"
    assert any("not distinguishable" in f.text and "raw activity" in f.text for f in found)


def test_a_clear_advantage_is_good_and_nothing_is_doubted():
    table = pd.concat(
        [
            rows("place", grid(0.10, folds=3, seeds=2, step=0.001), chance=0.45),
            rows("raw_window", grid(0.20, folds=3), chance=0.45),
            rows("shuffled", grid(0.45, folds=3, seeds=2), chance=0.45),
        ]
    )
    found = findings(table, ALL, ERROR)
    assert found[0].tone == "good" and found[0].metric == ERROR
    assert "6 of 6 comparisons (3 folds × 2 seeds)" in found[0].text
    # The second says what is significant, the third what intervals cover.
    assert [f.tone for f in found] == ["good", "plain", "plain"]


@pytest.mark.parametrize(
    ("metric", "unit", "ahead", "behind"), [(ERROR, "m", 0.1, 0.2), (R2, "", 0.8, 0.5)]
)
def test_lower_errors_and_higher_r2_are_ahead(metric, unit, ahead, behind):
    def table(encoder, raw):
        parts = [("place", encoder), ("raw_window", raw)]
        return pd.concat([rows(n, grid(v, folds=3, step=1e-4), metric, unit) for n, v in parts])

    assert findings(table(ahead, behind), ALL, metric)[0].tone == "good"
    lost = warnings(table(behind, ahead), headline=metric)
    assert any("is worse than raw activity summed over the same window" in text for text in lost)


def test_sessions_in_which_the_encoder_is_behind_are_named():
    encoder = {("anna", 0, 0): 0.1, ("bo_2", 0, 0): 0.3, ("cy", 0, 0): 0.1, ("di", 0, 0): 0.3}
    table = pd.concat([rows("place", encoder), rows("raw_window", dict.fromkeys(encoder, 0.2))])
    text = sentences(table)[0]
    assert "2 of 4 comparisons (4 sessions), not ahead on average in bo 2 and di;" in text
    assert "over 4 sessions" in text
    everywhere = pd.concat([rows("place", encoder), rows("raw_window", dict.fromkeys(encoder, 0))])
    assert "in no session ahead on average" in sentences(everywhere)[0]


def test_three_sessions_are_the_units_of_the_interval():
    encoder = {
        (s, f, 0): v + 0.01 * f for s, v in zip("abc", (1, 2, 3), strict=True) for f in (0, 1)
    }
    table = pd.concat([rows("place", encoder), rows("raw_window", dict.fromkeys(encoder, 3.005))])
    # Differences -2, -1, 0 of three sessions: -1 ± 4.303 / √3.
    assert "−1.000 m (95 % interval −3.484 to +1.484, over 3 sessions)" in sentences(table)[0]


def test_few_sessions_that_are_all_ahead_are_said_to_be_few():
    encoder = {(s, 0, 0): v for s, v in zip("abc", (0.1, 0.3, 0.8), strict=True)}
    table = pd.concat(
        [rows("place", encoder, chance=1.0), rows("raw_window", dict.fromkeys(encoder, 0.9))]
    )
    [doubt] = warnings(table)
    assert "ahead of raw activity summed over the same window in every session" in doubt
    assert "chance" not in doubt


def test_with_one_split_the_interval_is_over_seeds_and_says_so():
    table = pd.concat([rows("place", grid(0.1, seeds=4, step=0.01)), rows("raw_window", grid(0.2))])
    found = sentences(table)
    assert "over 4 seeds of one split" in found[0]
    assert "training again on the same split" in found[-1]


def test_one_score_has_no_interval_and_says_so():
    table = pd.concat([rows("place", grid(0.1)), rows("raw_window", grid(0.2))])
    text, tested = sentences(table)
    assert tested.startswith("Too few to tell")
    assert "better than raw activity in 1 of 1 comparisons; " in text
    assert text.endswith("paired difference −0.100 m (one split and one seed: no interval).")


# --- who is compared with whom --------------------------------------------------------------


def test_the_encoder_is_chosen_by_the_description_and_not_by_its_score():
    best = dataclasses.replace(ENCODER, name="best")
    turning = dataclasses.replace(ENCODER, name="turning", labels=("direction",))
    seen = dataclasses.replace(ENCODER, name="seen_transductive", transductive=True)
    order = (TIME, seen, TOGETHER, turning, ENCODER, best)
    table = pd.concat([rows(v.name, grid(0.01 * i)) for i, v in enumerate(reversed(order))])
    assert "0.010 m with the encoder “place”" in sentences(table, order)[0]
    direction = table.assign(metric="direction_accuracy", unit="%")
    assert "“turning”" in sentences(direction, order, "direction_accuracy")[0]
    assert "“turning”" in sentences(table.assign(metric="speed_r2"), order, "speed_r2")[0]


@pytest.mark.parametrize(
    ("there", "text"),
    [
        ((RAW, WINDOW), "raw activity summed over the same window"),
        ((RAW,), "raw activity of single bins (the encoder sees 10)"),
        (
            (RAW, dataclasses.replace(WINDOW, window_bins=8)),
            "raw activity summed over 8 bins (the encoder sees 10)",
        ),
    ],
)
def test_raw_activity_of_the_nearest_window_is_the_baseline(there, text):
    table = pd.concat([rows(v.name, grid(0.1, folds=2)) for v in (ENCODER, *there)])
    assert f" with {text}; better" in sentences(table, (ENCODER, *there))[0]
    apart = any("window alone" in warning for warning in warnings(table, (ENCODER, *there)))
    assert apart == ("same window" not in text)


def test_an_advantage_of_another_window_is_not_called_good():
    table = pd.concat([rows("place", grid(0.1, folds=3)), rows("raw", grid(0.2, folds=3))])
    assert findings(table, ALL, ERROR)[0].tone == "plain"


def test_populations_are_compared_with_their_own_baselines():
    variants = [
        dataclasses.replace(v, name=f"{v.name}_{p}", population=p)
        for v in (ENCODER, WINDOW)
        for p in ("ca", "spikes")
    ]
    values = {"place_ca": 0.1, "raw_window_ca": 0.2, "place_spikes": 0.3, "raw_window_spikes": 0.4}
    table = pd.concat([rows(name, grid(value)) for name, value in values.items()])
    first, second, _ = sentences(table, variants)
    assert "0.100 m with the encoder “place Ca²⁺”" in first and "0.200 m with raw" in first
    assert "0.300 m with the encoder “place spikes”" in second and "0.400 m with raw" in second


def test_joint_and_unguided_encoders_have_a_sentence_each():
    values = {"place": 0.1, "together": 0.12, "time": 0.2, "shuffled": 0.4}
    table = pd.concat([rows(name, grid(v, folds=3)) for name, v in values.items()])
    _, joint, free, *_ = sentences(table)
    assert "joint encoder “together”: 0.120 m against 0.100 m with “place”" in joint
    assert "without labels “time”: 0.200 m, between the guided encoder and its control" in free
    table.loc[table["variant"] == "time", "value"] = 0.05
    assert "ahead of both" in sentences(table)[2]
    table.loc[table["variant"] == "time", "value"] = 0.5
    assert "no better than the control" in sentences(table)[2]


def test_an_encoder_from_scratch_is_spoken_of_before_an_adapted_one():
    adapted = dataclasses.replace(ENCODER, name="adapted", adapted=True)
    table = pd.concat([rows("adapted", grid(0.1)), rows("place", grid(0.2))])
    assert "with the encoder “place”" in sentences(table, (adapted, ENCODER))[0]


def test_of_another_label_it_is_said_whether_it_guides_the_encoder():
    table = pd.concat([rows("place", grid(0.1)), rows("place", grid(56.0), "choice_accuracy", "%")])
    assert "the same encoder (which choice does not guide)" in sentences(table)[1]
    both = dataclasses.replace(ENCODER, labels=("position", "choice"))
    assert "does not guide" not in " ".join(sentences(table, (both,)))


def test_other_labels_have_one_sentence_each_and_scores_of_training_rows_none():
    metrics = {
        R2: "",
        "choice_accuracy": "%",
        "choice_balanced_accuracy": "%",
        "hd_error_mean": "deg",
        "hd_r2": "",
        "hd_r2_train": "",
        "reconstruction_r2_all_rows": "",
        "goodness_of_fit": "bits",
    }
    table = pd.concat(
        [rows("place", grid(0.1))]
        + [rows("place", grid(56.0), metric, unit) for metric, unit in metrics.items()]
    )
    _, *others = findings(table, ALL, ERROR)
    assert [f.metric for f in others] == ["choice_balanced_accuracy", "hd_r2"]
    assert (
        "Balanced choice accuracy on held-out data: 56.0 % with the same encoder" in others[0].text
    )


def test_without_a_headline_the_label_that_guides_is_spoken_of():
    table = pd.concat(
        [rows("place", grid(0.5), "choice_accuracy", "%"), rows("place", grid(0.5), R2, "")]
    )
    assert findings(table, ALL, None)[0].metric == R2
    assert findings(table, ALL, "not_there")[0].metric == R2


def test_scores_whose_direction_nobody_knows_are_shown_and_not_judged():
    table = pd.concat(
        [rows(n, grid(v, folds=3), "wiggle", "") for n, v in (("place", 1), ("raw_window", 2))]
    )
    found = findings(table, ALL, "wiggle")
    assert found[0].text.startswith("Wiggle: 1.000 with") and "better" not in found[0].text
    assert all(f.tone == "plain" for f in found)


def test_a_transfer_is_told_apart_and_warned_of_where_it_is_worse_than_chance():
    values = {("active", 0, 0): 0.8, ("passive", 0, 0): 0.6, ("active_to_passive", 0, 0): -4.0}
    table = pd.concat(
        [
            rows("place", values, R2, "", chance=0.0),
            rows("raw_window", dict.fromkeys(values, 0.5), R2, ""),
        ]
    )
    assert sentences(table, headline=R2)[0].startswith("Position R² on held-out data: 0.700 with")
    [text] = [t for t in warnings(table, headline=R2) if "passive" in t]
    assert "active to passive (fitted to one, scored on the other): −4.000 with “place”" in text
    assert text.endswith("worse than raw activity and chance.")


# --- doubts ---------------------------------------------------------------------------------


def test_other_guided_encoders_that_do_not_beat_raw_activity_are_named():
    hybrid = dataclasses.replace(ENCODER, name="hybrid")
    values = {"place": 0.1, "hybrid": 0.3, "raw_window": 0.2}
    table = pd.concat([rows(name, grid(v, folds=3)) for name, v in values.items()])
    [doubt] = warnings(table, (ENCODER, hybrid, WINDOW))
    assert "“hybrid” (0.300 m against 0.200 m) does not beat raw activity" in doubt


def test_an_encoder_no_better_than_its_control_is_doubted():
    values = {"place": 0.4, "shuffled": 0.4, "raw_window": 0.5}
    table = pd.concat([rows(name, grid(v, folds=3)) for name, v in values.items()])
    assert any("does not beat its control" in text for text in warnings(table))


def control_table(control, folds=3, step=0.001):
    return pd.concat(
        [
            rows("place", grid(0.1, folds=folds), chance=0.5),
            rows("shuffled", grid(control, folds=folds, step=step), chance=0.5),
        ]
    )


@pytest.mark.parametrize(
    ("control", "folds", "leaks"),
    [
        (0.3, 3, True),
        (0.47, 3, False),  # 7 % of the way from chance to the encoder
        (0.7, 3, False),  # worse than chance
        (0.2, 1, True),  # one score, three quarters of the way
        (0.4, 1, False),  # one score may be luck
    ],
)
def test_a_control_that_is_not_at_chance_is_warned_of(control, folds, leaks):
    found = [t for t in warnings(control_table(control, folds)) if "is not at chance" in t]
    assert len(found) == leaks
    assert all("something leaks" in text for text in found)


def test_a_control_with_an_interval_that_includes_chance_is_not_warned_of():
    assert not any("at chance" in t for t in warnings(control_table(0.3, step=0.3)))


def test_a_control_whose_decoder_had_true_labels_is_not_called_a_leak():
    honest = dataclasses.replace(CONTROL, decoder_permuted=False)
    [text] = [t for t in warnings(control_table(0.3), (ENCODER, honest)) if "not at chance" in t]
    assert "leak" not in text and "distance to this control" in text
    assert "median position error 0.301 m against 0.500 m, 50 % of the way" in text


def test_what_saw_test_data_is_named():
    seen = dataclasses.replace(TIME, name="time_transductive", transductive=True)
    table = pd.concat([rows("place", grid(0.1)), rows("time_transductive", grid(0.01))])
    [doubt] = warnings(table, (ENCODER, seen))
    assert doubt.startswith("“time †” saw the neural activity of the held-out data")


def test_of_an_encoder_from_a_file_it_is_said_what_nobody_knows():
    unknown = dataclasses.replace(
        ENCODER,
        name="theirs_unknown_split",
        transductive=True,
        from_file=True,
        unknown_split=True,
    )
    declared = dataclasses.replace(TIME, name="declared", from_file=True)
    names = ("place", unknown.name, declared.name)
    table = pd.concat([rows(name, grid(0.1)) for name in names])
    doubts = warnings(table, (ENCODER, unknown, declared))
    assert doubts[-2].startswith("“theirs ‡”: read from a file that does not say which trials")
    assert doubts[-1].startswith("“declared”: read from a file; that test trials were not")
    assert not any("saw the neural activity" in text for text in doubts)
    others = [text for text in sentences(table, (ENCODER, unknown)) if "theirs" in text]
    assert len(others) == 1  # the warning


def test_undefined_scores_are_counted_and_left_out():
    encoder = grid(0.1, folds=3) | {("a", 0, 0): math.nan, ("a", 1, 0): math.inf}
    table = pd.concat([rows("place", encoder), rows("raw_window", grid(0.2, folds=3))])
    consistency = pd.DataFrame(
        [("lab", "seeds", "a/place/fold0_seed0", "a/place/fold0_seed1", math.nan)],
        columns=["experiment", "between", "source", "target", "r2"],
    )
    found = warnings(table, consistency=consistency)
    assert (
        "2 of 6 scores are undefined and left out: median position error of “place” (2)." in found
    )
    assert "1 of 1 R² between embeddings is undefined." in found
    assert "0.100 m with the encoder" in sentences(table)[0]


def test_a_comparison_that_turns_round_with_another_decoder_is_told():
    def table(ridge_raw):
        return pd.concat(
            [
                rows("place", grid(0.7, folds=3), R2, ""),
                rows("raw_window", grid(0.5, folds=3), R2, ""),
                rows("place", grid(0.6, folds=3), R2, "", "ridge"),
                rows("raw_window", grid(ridge_raw, folds=3), R2, "", "ridge"),
            ]
        )

    assert "(nearest neighbours)" in sentences(table(0.8), headline=R2)[0]
    [text] = warnings(table(0.8), headline=R2)
    assert "the baseline is ahead with ridge regression (0.600 against 0.800)" in text
    assert not warnings(table(0.5), headline=R2)


# --- agreement ------------------------------------------------------------------------------


def pairs(entries):
    return pd.DataFrame(
        [("lab", *entry) for entry in entries],
        columns=["experiment", "between", "source", "target", "r2"],
    )


def seed_pairs(variant, *r2):
    ends = f"a/{variant}/fold0_seed0", f"a/{variant}/fold0_seed1"
    return [("seeds", *ends, value) for value in r2]


def test_agreement_stands_beside_that_of_the_control():
    across = ("sessions_by_position", "a/place/fold0_seed0", "b/place/fold0_seed0", 0.6)
    table = pd.concat([rows("place", grid(0.1)), rows("shuffled", grid(0.4))])
    consistency = pairs([across, *seed_pairs("place", 0.7, 0.9), *seed_pairs("shuffled", 0.1, 0.3)])
    assert (
        "Embeddings of “place” agree with a mean R² of 0.800 between seeds (control: 0.200) "
        "and 0.600 between sessions aligned by position."
    ) in sentences(table, consistency=consistency)
    worse = pairs([*seed_pairs("place", 0.2), *seed_pairs("shuffled", 0.4)])
    assert any("agrees no less" in t for t in warnings(table, consistency=worse))


def test_agreement_is_told_where_nothing_is_decoded():
    consistency = pairs([("populations", "V1/g_ca/fold0_seed0", "V1/g_np/fold0_seed0", 0.25)])
    table = rows("group", grid(1.0), "goodness_of_fit", "bits", "none")
    assert sentences(table, (), None, consistency=consistency) == [
        "Embeddings agree with a mean R² of 0.250 between populations."
    ]


# --- any table ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(),
        pd.DataFrame(columns=list(METRIC_COLUMNS)),
        pd.DataFrame({"variant": ["place"]}),
        rows("goodness", grid(1.0), "goodness_of_fit", "bits", "none"),
        rows("unknown", grid(1.0)),
        rows("raw_window", grid(1.0)),
    ],
    ids=["nothing", "no rows", "no columns", "not decoded", "not described", "lone baseline"],
)
def test_there_may_be_nothing_to_say(table):
    assert findings(table, ALL, ERROR, pd.DataFrame()) == ()


def test_a_lone_encoder_without_chance_has_its_value():
    assert sentences(rows("place", grid(0.1)), (ENCODER,)) == [
        "Median position error on held-out data: 0.100 m with the encoder “place” (guided by "
        "position)."
    ]


def test_names_are_text_whatever_they_look_like():
    table = pd.concat([rows(n, grid(0.1, sessions=("NA", "nan"))) for n in ("place", "raw_window")])
    table = table.astype(object).reset_index(drop=True)
    table.loc[0, "fold"] = None
    table.loc[1, "value"] = "much"
    found = warnings(table)
    assert any(text.startswith("1 of 4 scores is undefined") for text in found)


def full_table():
    rng = np.random.default_rng(0)
    keys = list(grid(0.0, sessions=("a", "b", "a_to_b"), folds=3, seeds=2))
    parts = []
    for metric, unit in ((ERROR, "m"), ("choice_accuracy", "%")):
        for name in (v.name for v in ALL):
            for decoder in ("knn", "ridge"):
                values = dict(zip(keys, rng.uniform(0.1, 0.9, len(keys)), strict=True))
                parts.append(rows(name, values, metric, unit, decoder, chance=0.5))
    return pd.concat(parts, ignore_index=True)


FULL = full_table()


@settings(deadline=None, max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random):
    order = list(range(len(FULL)))
    random.shuffle(order)
    consistency = pairs([*seed_pairs("place", 0.1, 0.2, 0.7), *seed_pairs("shuffled", 0.3)])
    found = findings(FULL, ALL, ERROR, consistency)
    assert len(found) > 5
    assert findings(FULL.iloc[order], ALL, ERROR, consistency.iloc[::-1]) == found


NAMES = st.sampled_from([*(v.name for v in ALL), "NA", ""])
NUMBERS = st.one_of(st.floats(), st.sampled_from([0.0, 1e300, -1e300]))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            *(st.just("lab"), st.sampled_from(["a", "b", "a_to_b", "NA"]), NAMES),
            *(st.sampled_from(["0", "1"]), st.sampled_from(["0", "x"])),
            st.sampled_from(["knn", "none", ""]),
            st.sampled_from([ERROR, f"chance_{ERROR}", R2, "frame_accuracy_1s", "_r2", ""]),
            *(NUMBERS, st.sampled_from(["m", "%", ""])),
        ),
        max_size=25,
    ),
    st.sampled_from([None, ERROR, "frame_accuracy_1s", "_r2", ""]),
)
def test_no_table_stops_the_page_and_no_name_keeps_its_underscores(entries, headline):
    with np.errstate(all="ignore"):  # sums of 1e300 overflow
        found = findings(pd.DataFrame(entries, columns=list(METRIC_COLUMNS)), ALL, headline)
    assert not any("_" in finding.text for finding in found)


def carried_scores(*means):
    """Variant, way, error in others, error in its own; two sessions, two folds, chance 0.45."""
    found = []
    for variant, way, other, own in means:
        for source, target in [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]:
            through, value = ("within", own) if source == target else (way, other)
            for metric, number in [(ERROR, value), (f"chance_{ERROR}", 0.45)]:
                found += [(source, target, through, variant, "knn", metric, number)] * 2
    columns = ["source", "target", "through", "variant", "decoder", "metric", "value"]
    return pd.DataFrame(found, columns=columns)


def test_decoders_carried_to_another_session_are_said_beside_their_own_control_and_chance():
    carried = carried_scores(
        ("place", "aligned", 0.15, 0.12),
        ("together", "joint", 0.13, 0.11),
        ("shuffled", "aligned", 0.44, 0.42),
        ("pca", "aligned", 0.4, 0.3),
    )
    found = sentences(three_folds(), carried=carried)
    assert (
        "Median position error by decoders of another session, mean of 2 pairs: "
        "0.150 m with “place” (embeddings aligned by labels; 0.120 m by its own; control "
        "0.440 m) and 0.130 m with “together” (one embedding of all; 0.110 m by its "
        "own); 0.450 m by chance."
    ) in found
    assert not any("another session" in text for text in warnings(three_folds(), carried=carried))


def test_a_carried_encoder_that_is_no_better_than_its_control_is_doubted():
    carried = carried_scores(("place", "aligned", 0.45, 0.12), ("shuffled", "aligned", 0.44, 0.42))
    assert (
        "By decoders of another session, “place” is no better than its control (0.440 m)."
    ) in warnings(three_folds(), carried=carried)


@pytest.mark.parametrize("carried", [None, pd.DataFrame({"source": ["a"]}), carried_scores()])
def test_nothing_is_said_of_decoders_that_were_not_carried(carried):
    assert not any("another session" in text for text in sentences(three_folds(), carried=carried))
