"""Whether labels stand in the data, and what is said of training that ended early."""

import dataclasses

import pandas as pd
import pytest
from test_findings import ALL, CONTROL, ENCODER, TIME, grid, rows

from cebra_kedro.report.explorer import late_rises
from cebra_kedro.report.trained import fit_findings, late_rise_warning


def fits(**values):
    return pd.concat(
        [rows(name, v, "goodness_of_fit", "bits", "none") for name, v in values.items()]
    )


def spread(value, step=0.01, **more):
    return grid(value, folds=3, step=step, **more)


def test_a_fit_above_the_shuffled_one_stands_in_the_data():
    [one] = fit_findings(fits(place=spread(2.09), shuffled=spread(0.091, 0.005)), ALL)
    assert (one.tone, one.metric) == ("plain", "goodness_of_fit")
    assert one.text == (
        "The labels stand in the data: goodness of fit in training 2.10 bits with “place” against "
        "0.10 bits with labels permuted."
    )


def test_the_fit_on_test_trials_is_spoken_of_where_there_is_one():
    of_test = pd.concat(
        rows(name, spread(value), "goodness_of_fit_test", "bits", "none")
        for name, value in {"place": 0.5, "shuffled": -0.2}.items()
    )
    of_training = fits(place=spread(2.0), shuffled=spread(2.1))
    [one] = fit_findings(pd.concat([of_training, of_test]), ALL)
    assert (one.tone, one.metric) == ("plain", "goodness_of_fit_test")
    assert "goodness of fit on test trials 0.51 bits with “place” against −0.19 bits" in one.text


@pytest.mark.parametrize("encoder", [spread(0.09, 0.005), spread(0.05), {**spread(0.1, -0.02)}])
def test_a_fit_that_is_not_above_is_warned_of(encoder):
    [one] = fit_findings(fits(place=encoder, shuffled=spread(0.09, 0.005)), ALL)
    assert one.tone == "warning"
    assert one.text.startswith("It is not shown that the labels stand in the data at all: ")


def test_a_fit_ahead_in_every_one_of_few_sessions_stands():
    encoder = {(s, 0, 0): v for s, v in zip("abc", (0.3, 1.0, 4.0), strict=True)}
    [one] = fit_findings(fits(place=encoder, shuffled=dict.fromkeys(encoder, 0.0)), ALL)
    assert one.tone == "plain"


def test_each_encoder_is_set_beside_its_own_control():
    other = dataclasses.replace(ENCODER, name="turning")
    its_own = dataclasses.replace(CONTROL, name="turned", control_of="turning")
    values = {"place": 2.0, "shuffled": 0.0, "turning": 0.1, "turned": 0.1, "time": 3.0}
    table = fits(**{name: spread(v) for name, v in values.items()})
    stands, doubted = fit_findings(table, (ENCODER, CONTROL, other, its_own, TIME))
    assert "“place” against 0.01 bits" in stands.text and "turning" not in stands.text
    assert "“turning” against 0.11 bits" in doubted.text


def test_without_a_control_nothing_is_said():
    alike = dataclasses.replace(CONTROL, control_of="")
    assert not list(fit_findings(fits(place=spread(2.0)), ALL))
    assert not list(fit_findings(fits(place=spread(2.0), shuffled=spread(0.0)), (ENCODER, alike)))
    assert not list(fit_findings(rows("place", grid(1.0)), ALL))


def test_what_still_rose_is_warned_of_by_encoder_and_session():
    rises = {"place": {"day_1": 0.1, "day_2": 0.25}, "shuffled": {"day_1": 1.0}, "time": {}}
    [one] = late_rise_warning(rises, ALL)
    assert one.tone == "warning"
    assert one.text == (
        "Not converged: the goodness of fit still rose at the end of training with “place” in "
        "day 1 and day 2 (by up to 0.25 bits in as many steps again); more steps may change what "
        "is said here."
    )
    assert not list(late_rise_warning({}, ALL))


def test_what_files_say_of_late_rises_may_have_any_form():
    explorers = {
        "a": {"loss": {"place": {"late_rise_bits": 0.2}, "time": {"late_rise_bits": 0.0}}},
        "b": {"loss": {"place": {"mean": {}}, "time": 3}},
        "c": {"loss": []},
        "d": {},
    }
    assert late_rises(explorers) == {"place": {"a": 0.2}}
