"""Tests of a report: which pairs, corrected together, and what is said of them."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from test_findings import ALL, CONTROL, ENCODER, ERROR, R2, RAW, TIME, WINDOW, grid, rows

from cebra_kedro.report.significance import (
    SIGNIFICANCE_COLUMNS,
    pair_rows,
    significance,
    significance_sentence,
    significance_table,
)

SESSIONS = tuple("abcdefgh")


def noisy(value, sessions=SESSIONS, folds=1, seeds=1, spread=0.01, seed=0):
    rng = np.random.default_rng(seed)
    keys = grid(value, sessions, folds, seeds)
    return {key: value + spread * rng.normal() for key in keys}


def table(metric=ERROR, unit="m", **scores):
    return pd.concat([rows(name, values, metric, unit) for name, values in scores.items()])


def compared_in(metrics, variants=ALL, headline=ERROR, **more):
    return significance(metrics, variants, headline, **more)


def said(tests):
    [finding] = significance_sentence(tests)
    return finding.text


def pairs(tests):
    return [(t.pair.first, t.pair.second) for t in tests]


def test_every_pair_that_the_sentences_compare_is_tested_once():
    values = ("place", "time", "together", "shuffled", "raw", "raw_window", "pca")
    headline = table(**{name: noisy(0.1, seed=i) for i, name in enumerate(values)})
    other = table("choice_accuracy", "%", place=noisy(60), raw_window=noisy(50))
    tests = compared_in(pd.concat([headline, other]))
    assert pairs(tests) == [
        ("place", "raw_window"),
        ("place", "pca"),
        ("place", "shuffled"),
        ("together", "place"),
        ("time", "place"),
        ("place", "raw_window"),
    ]
    assert tests[-1].pair.case.scores.metric == "choice_accuracy"


def test_chance_is_tested_where_there_is_nothing_else():
    tests = compared_in(rows("place", noisy(0.1), chance=0.5))
    assert pairs(tests) == [("place", "")]
    assert "“place” better than chance (p = 0.0078)" in said(tests)  # 2 / 2⁸


def test_a_transfer_is_not_tested():
    values = noisy(0.1, (*"abcdef", "a_to_b"))
    [one] = compared_in(table(place=values, raw_window=noisy(0.2, (*"abcdef", "a_to_b"), seed=1)))
    assert one.test.n_units == 6


def test_seeds_are_averaged_and_never_units():
    """Sixty seeds of one split are one unit, and sixty of each session change no p."""
    one_split = table(place=noisy(0.1, ("a",), seeds=60), raw_window=noisy(0.2, ("a",)))
    [one] = compared_in(one_split)
    assert (one.test.n_units, one.test.p, one.verdict) == (1, 1.0, "too few to tell")
    few = {key: 0.1 + 0.01 * i for i, key in enumerate(grid(0, SESSIONS))}
    many = {(s, f, seed): value for (s, f, _), value in few.items() for seed in range(60)}
    raw = noisy(0.2)
    [once], [again] = (compared_in(table(place=one, raw_window=raw)) for one in (few, many))
    assert once.test == again.test


def test_all_pairs_are_corrected_together():
    """Holm: the smallest of three p three times, so that p = 0.023 is 0.07 in a family."""
    rivals = {"raw_window": noisy(0.2, seed=1), "pca": noisy(0.3, seed=2)}
    values = dict(zip(grid(0, SESSIONS), (0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.101, 0.09), strict=True))
    alone = compared_in(table(place=noisy(0.1, spread=0.0), shuffled=values))
    assert [t.verdict for t in alone] == ["better"]
    family = compared_in(table(place=noisy(0.1, spread=0.0), shuffled=values, **rivals))
    control = next(t for t in family if t.pair.second == "shuffled")
    assert control.test.p == alone[0].test.p == pytest.approx(6 / 2**8, rel=1e-12)
    assert [t.p_corrected for t in family] == pytest.approx([6 / 2**8] * 3, rel=1e-12)


def test_what_wins_loses_and_cannot_be_told_apart_is_said():
    tests = compared_in(
        table(
            place=noisy(0.2, seed=1),
            raw_window=noisy(0.1, seed=2),
            pca=noisy(0.3, seed=3),
            shuffled=noisy(0.2, spread=0.1, seed=4),
        )
    )
    assert [t.verdict for t in tests] == ["worse", "better", "not told apart"]
    text = said(tests)
    assert text.startswith(
        "More than chance (sign-flip test over 8 sessions, corrected for 3 comparisons): “place” "
        "worse than “raw window” (p = 0.023) and “place” better than “PCA” (p = 0.023); not told "
        "apart: “place” and “shuffled” (p = "
    )


def test_the_metric_is_named_where_it_is_another():
    headline = table(place=noisy(0.1), raw_window=noisy(0.2, seed=1))
    other = table("choice_accuracy", "%", place=noisy(60), raw_window=noisy(50, seed=1))
    text = said(compared_in(pd.concat([headline, other])))
    assert "“place” better than “raw window” (p = 0.016) and" in text
    assert text.endswith("“raw window” in choice accuracy (p = 0.016).")


def test_of_folds_it_is_said_that_other_sessions_may_differ():
    four = SESSIONS[:4]
    tests = compared_in(table(place=noisy(0.1, four, 3), raw_window=noisy(0.2, four, 3, seed=1)))
    assert "over 12 folds of 4 sessions, of these sessions and no others)" in said(tests)
    one = compared_in(table(place=noisy(0.1, "a", 10), raw_window=noisy(0.2, "a", 10, seed=1)))
    assert "over 10 folds, of this session and no other)" in said(one)


def test_higher_is_better_where_it_is_and_unknown_directions_are_only_different():
    values = {"place": noisy(0.9), "raw_window": noisy(0.5, seed=1)}
    assert "“place” better than" in said(compared_in(table(R2, "", **values), headline=R2))
    unknown = compared_in(table("wiggle", "", **values), headline="wiggle")
    assert "“place” different from “raw window”" in said(unknown)


@pytest.mark.parametrize(
    ("sessions", "folds", "smallest", "text"),
    [
        ("a", 3, 0.25, "is 0.25 over 3 folds."),
        ("a", 1, 1.0, "is 1 over one split, as seeds share the data of their split."),
        ("abc", 1, 0.25, "is 0.25 over 3 sessions."),
        ("ab", 2, 0.125, "is 0.12 over 4 folds of 2 sessions."),
    ],
)
def test_too_few_units_are_said_to_be_too_few(sessions, folds, smallest, text):
    """However far apart: 0.1 against 0.9 m in every fold."""
    tests = compared_in(
        table(place=noisy(0.1, sessions, folds), raw_window=noisy(0.9, sessions, folds, seed=1))
    )
    [one] = tests
    assert one.smallest_p == smallest and math.isnan(one.p_corrected)
    assert said(tests).startswith("Too few to tell what is more than chance: the smallest p")
    assert said(tests).endswith(text)
    [row] = pair_rows(tests)
    assert (row.p_corrected, row.verdict) == ("–", "too few to tell")


def test_units_that_are_enough_for_one_pair_may_be_too_few_for_three():
    two = ("a", "b")
    rivals = {name: noisy(0.9, two, 3, seed=i) for i, name in enumerate(("raw_window", "pca"))}
    few = compared_in(table(place=noisy(0.1, two, 3, seed=9), **rivals))
    assert [t.smallest_p for t in few] == [2 * 2 / 2**6] * 2
    assert "corrected for 2 comparisons, is 0.062 over 6 folds of 2 sessions" in said(few)
    rivals.pop("pca")
    [enough] = compared_in(table(place=noisy(0.1, two, 3, seed=9), **rivals))
    assert (enough.verdict, enough.p_corrected) == ("better", 2 / 2**6)


def test_a_pair_without_enough_units_does_not_count_in_the_correction():
    """What could never be rejected makes no wrong rejection more likely."""
    values = {"place": noisy(0.1), "raw_window": noisy(0.2, seed=1)}
    metrics = table(**values, pca=noisy(0.9, SESSIONS[:3]))
    raw, pca = compared_in(metrics)
    assert raw.p_corrected == raw.test.p
    assert math.isnan(pca.p_corrected) and pca.verdict == "too few to tell"
    assert "; too few to tell of 1 pairs: the smallest p that" in said([raw, pca])


def test_the_share_of_test_rows_widens_what_folds_must_show():
    metrics = table(place=noisy(0.1, "a", 8, spread=0.05), raw_window=noisy(0.16, "a", 8))
    few, many = (compared_in(metrics, test_to_train=r)[0].test.p for r in (0.01, 1.0))
    assert few < many


def test_the_table_has_effect_interval_and_p_of_each_pair():
    metrics = table(place=noisy(0.1, folds=2), raw_window=noisy(0.2, folds=2, seed=1))
    tests = compared_in(metrics)
    found = significance_table(tests)
    assert list(found.columns) == list(SIGNIFICANCE_COLUMNS)
    [row] = found.to_dict("records")
    assert (row["first"], row["second"], row["unit"]) == ("place", "raw_window", "m")
    assert (
        row["difference"] == tests[0].effect.mean and row["low"] < row["difference"] < row["high"]
    )
    assert (row["test_over"], row["n_units"], row["n_sessions"]) == ("session", 8, 8)
    assert row["p"] == row["p_corrected"] == 2 / 2**8


@pytest.mark.parametrize(
    "metrics", [pd.DataFrame(), table(raw_window=noisy(0.1)), table(unknown=noisy(0.1))]
)
def test_there_may_be_nothing_to_test(metrics):
    assert compared_in(metrics) == ()
    assert list(significance_sentence(())) == []
    assert list(significance_table(()).columns) == list(SIGNIFICANCE_COLUMNS)


def test_populations_are_one_family():
    variants = [
        dataclasses.replace(v, name=f"{v.name}_{p}", population=p, control_of="")
        for v in (ENCODER, WINDOW)
        for p in ("ca", "spikes")
    ]
    values = {
        v.name: noisy(0.1 + 0.1 * (v.kind == "baseline"), seed=i) for i, v in enumerate(variants)
    }
    tests = compared_in(table(**values), variants)
    assert pairs(tests) == [("place_ca", "raw_window_ca"), ("place_spikes", "raw_window_spikes")]
    assert [t.p_corrected for t in tests] == [2 * 2 / 2**8] * 2


def test_null_reports_have_a_wrong_finding_in_five_percent():
    """Three pairs share the encoder; Holm holds for any dependence."""
    variants = (ENCODER, TIME, CONTROL, RAW)
    n, rng = 150, np.random.default_rng(0)
    wrong = 0
    for _ in range(n):
        names = ("place", "time", "shuffled", "raw")
        seeds = rng.integers(2**32, size=len(names))
        metrics = table(**{k: noisy(0.1, seed=s) for k, s in zip(names, seeds, strict=True)})
        tests = compared_in(metrics, variants)
        wrong += any(t.verdict in ("better", "worse") for t in tests)
    # Three standard errors of 0.05 in 150 draws.
    assert wrong / n <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / n)
