"""The page shows what was tested, and warns of training that ended early."""

import json

import pytest
from fabricated_report import page, scores, write_scores

VARIANTS = [
    {"name": "position", "kind": "encoder", "guided": True, "labels": ["position"]},
    {"name": "time", "kind": "encoder"},
    {"name": "raw", "kind": "baseline"},
]


@pytest.fixture
def described(folder):
    """The reporting folder with a baseline, and a description of who is who."""
    tables = [scores(rat, ("position", "time", "raw"), seed) for seed, rat in enumerate("abcdefgh")]
    write_scores(folder, *tables)
    about = {"headline": "position_error_median", "variants": VARIANTS}
    (folder / "hippocampus" / "about.json").write_text(json.dumps(about))
    return folder


def test_each_pair_is_a_row_with_difference_interval_and_p(described):
    shown = page(described)
    row = shown.row("“position” − “raw activity”")
    assert row[1:2] == ["median position error"] and row[4] == "8 sessions"
    assert row[2].endswith(" m") and " to " in row[3]
    assert float(row[5]) <= float(row[6]) <= 1
    assert "Tests of these comparisons (3)" in shown.text
    assert "(sign-flip test over 8 sessions, corrected for 3 comparisons)" in shown.text


def test_without_a_description_nothing_is_tested(folder):
    assert "Tests of these comparisons" not in page(folder).text


def test_encoders_that_had_not_converged_are_named_at_the_top_and_below(described):
    session = described / "hippocampus" / "a"
    session.mkdir()
    loss = {"time": {"late_rise_bits": 0.25}, "position": {"late_rise_bits": 0.0}}
    (session / "explorer.json").write_text(json.dumps({"session": "a", "loss": loss}))
    said = "at the end of training with “time” in a (by up to 0.25 bits in as many steps again)"
    assert page(described).text.count(said) == 2
