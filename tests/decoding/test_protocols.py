"""Protocols by name: what is registered can be imported, and what does not fit is refused."""

import subprocess
import sys

import pytest

from cebra_kedro.decoding import PROTOCOLS, DecoderSettings, check_request, protocol
from cebra_kedro.decoding.decoders import DECODERS


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_is_a_function_that_its_entry_describes(name):
    assert protocol(name).__name__.startswith("decode_")
    entry = PROTOCOLS[name]
    labels = entry.labels or ("a", "b", "c")
    assert check_request(name, labels=labels) == entry.default_decoders
    assert check_request(name, labels=labels, decoders=entry.decoders) == entry.decoders


def test_labels_are_decoded_by_every_decoder_there_is():
    assert set(PROTOCOLS["labels"].decoders) == set(DECODERS)


def test_names_are_checked_without_loading_the_methods():
    code = (
        "import sys; from cebra_kedro.decoding import *; "
        "check_request('labels', labels=('a',), decoders=('logistic',)); "
        "print([m for m in ('sklearn', 'scipy', 'torch', 'kedro') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "request_", "message"),
    [
        ("rats", {"labels": ("a", "b")}, "one of labels, rat_on_track, .*, got 'rats'"),
        ("labels", {"labels": ()}, "labels must be one or more, got none"),
        ("labels", {"labels": ("a", "a")}, "labels must differ, got a, a"),
        ("labels", {"labels": ("a",), "decoders": ("knn", "knn")}, "decoders must differ"),
        ("labels", {"labels": ("a",), "decoders": ("svm",)}, "are knn, ridge, .*, got svm"),
        (
            "rat_on_track",
            {"labels": ("position",)},
            r"must be \(position on the track, running direction\), got position",
        ),
        ("rat_on_track", {"labels": ("a", "b"), "decoders": ("ridge",)}, "are knn, got ridge"),
        ("reaching", {"labels": ("a", "b"), "scores": ("r2",)}, "scores of its own, got r2; "),
        ("latent", {"labels": ("a",), "decoders": ("knn",)}, "are linear, got knn"),
    ],
)
def test_what_a_protocol_does_not_take_is_refused(name, request_, message):
    with pytest.raises(ValueError, match=message):
        check_request(name, **request_)


def test_an_unknown_protocol_lists_the_known_ones():
    with pytest.raises(ValueError, match="labels, rat_on_track, reaching, frames, latent, got"):
        protocol("rats")


def test_settings_are_kept_as_tuples():
    assert DecoderSettings(neighbours=[1, 4], alphas=[1]).neighbours == (1, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neighbours": ()}, "neighbours\n.* at least 1 item"),
        ({"neighbours": (0, 4)}, r"neighbours must be positive and finite, got \[0, 4\]"),
        ({"neighbours": (1.5,)}, "neighbours.0\n.* valid integer"),
        ({"alphas": (0.0,)}, "alphas must be positive and finite"),
        ({"alphas": (1.0, -1.0)}, "alphas must be positive and finite"),
        ({"alphas": ()}, "alphas\n.* at least 1 item"),
        ({"smoothings": (float("inf"),)}, "smoothings must be positive and finite"),
        ({"metric": "manhattan"}, "metric\n.* 'euclidean' or 'cosine'"),
        ({"bin_step": 0}, "bin_step\n.* greater than or equal to 1"),
        ({"window_frames": 1.5}, "window_frames\n.* valid integer"),
        ({"neighbors": (1,)}, "neighbors\n.* not permitted"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        DecoderSettings(**change)
