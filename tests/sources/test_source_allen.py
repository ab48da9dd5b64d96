"""Pseudomice become recordings with frame, repeat and scene, whatever the bins of a frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.recording import RecordingError
from cebra_kedro.sources.allen import (
    BIN_WIDTH_S,
    movie_features,
    neuropixels_pseudomouse,
    repeats_of,
    to_recording,
)
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.splits import repeat_split

N_FRAMES = 7


def published(content):
    return PublishedFile(content, "0" * 32, "unverified", "a test")


def convert(neural, frames, **options):
    return to_recording(
        neural,
        frames,
        **{
            "area": "VISp",
            "modality": "neuropixels",
            "bin_width_s": BIN_WIDTH_S["neuropixels"],
            "simulated": True,
            "source": "a test",
            "checksum": "0" * 32,
            "checksum_status": "unverified",
            "n_frames": N_FRAMES,
            "n_repeats": 3,
        }
        | options,
    )


def movie(bins_a_frame=4, n_repeats=3):
    return np.tile(np.repeat(np.arange(N_FRAMES), bins_a_frame), n_repeats)


class TestNeuropixels:
    @pytest.fixture
    def content(self):
        rng = np.random.default_rng(0)
        frames = movie()
        return {"neural": rng.poisson(0.3, (len(frames), 5)).astype(float), "frames": frames}

    def test_published_counts_are_kept_small(self, content):
        mouse = neuropixels_pseudomouse(published(content), "VISp")
        assert mouse.neural.dtype == np.uint8
        np.testing.assert_array_equal(mouse.neural, content["neural"].T)
        np.testing.assert_array_equal(mouse.frames, content["frames"])
        assert mouse.neurons["unit"].tolist() == [0, 1, 2, 3, 4]
        assert mouse.area == "VISp"

    def test_session_and_unit_are_kept_where_the_file_says_them(self, content):
        content |= {"session": np.array(list("aabbb")), "unit": np.arange(900, 905)}
        neurons = neuropixels_pseudomouse(published(content), "VISp").neurons
        assert neurons["session"].tolist() == list("aabbb")
        assert neurons["unit"].tolist() == [900, 901, 902, 903, 904]

    def test_a_missing_bin_is_refused_as_it_would_shift_the_frames(self, content):
        content["neural"] = content["neural"][:-1]
        with pytest.raises(
            RecordingError, match=r"VISp: frames .* 83 bins of neural, got .*\(84,\)"
        ):
            neuropixels_pseudomouse(published(content), "VISp")

    @pytest.mark.parametrize("key", ["neural", "frames"])
    def test_a_missing_key_is_named(self, content, key):
        del content[key]
        with pytest.raises(RecordingError, match=f"keys neural and frames, {key} is missing among"):
            neuropixels_pseudomouse(published(content), "VISp")

    @pytest.mark.parametrize(
        "neural", [np.zeros(84), np.zeros((84, 0)), np.full((84, 2), "a"), np.zeros((84, 2, 1))]
    )
    def test_neural_must_be_a_matrix_of_numbers(self, content, neural):
        content["neural"] = neural
        with pytest.raises(RecordingError, match=r"VISp: neural must be a non-empty array"):
            neuropixels_pseudomouse(published(content), "VISp")

    def test_rates_are_refused(self, content):
        content["neural"][3, 1] = 0.25
        with pytest.raises(RecordingError, match=r"whole numbers, got 0\.25 at bin 3, neuron 1"):
            neuropixels_pseudomouse(published(content), "VISp")


class TestRecording:
    def test_frame_and_repeat_are_labels_and_a_repeat_is_a_trial(self):
        frames = movie()
        neural = np.random.default_rng(1).poisson(1, (len(frames), 4))
        recording = convert(neural, frames, facts={"seed": 111})
        assert recording.name == "VISp_neuropixels"
        assert list(recording.labels) == ["frame", "repeat"]
        frame, repeat = recording.labels["frame"], recording.labels["repeat"]
        assert (frame.kind, frame.unit, repeat.kind) == ("discrete", "frame", "discrete")
        np.testing.assert_array_equal(frame.values, frames)
        np.testing.assert_array_equal(repeat.values, np.repeat([0, 1, 2], 4 * N_FRAMES))
        np.testing.assert_array_equal(recording.trial, repeat.values)
        np.testing.assert_array_equal(recording.neural, neural)
        assert recording.neural.dtype == np.uint8
        assert dict(recording.meta) == {
            "seed": 111,
            "source": "a test",
            "checksum": "0" * 32,
            "checksum_status": "unverified",
            "subject": "VISp",
            "area": "VISp",
            "modality": "neuropixels",
            "simulated": True,
        }

    def test_events_are_float32(self):
        frames = movie(1)
        events = np.random.default_rng(2).gamma(1.0, size=(len(frames), 4))
        recording = convert(events, frames, modality="ca", bin_width_s=BIN_WIDTH_S["ca"])
        assert recording.name == "VISp_ca"
        assert recording.neural.dtype == np.float32
        np.testing.assert_array_equal(recording.neural, events.astype(np.float32))

    @given(st.data())
    @settings(deadline=None, max_examples=50)
    def test_frames_come_from_the_file_whatever_their_number_of_bins(self, data):
        """Three to six bins a frame, now and then none: a frame can be dropped."""
        n_bins = data.draw(
            st.lists(
                st.sampled_from([0, 3, 4, 4, 4, 5, 6]), min_size=3 * N_FRAMES, max_size=3 * N_FRAMES
            )
        )
        n_bins = np.maximum(n_bins, np.arange(3 * N_FRAMES) % N_FRAMES % (N_FRAMES - 1) == 0)
        frames = np.repeat(np.tile(np.arange(N_FRAMES), 3), n_bins)
        recording = convert(np.ones((len(frames), 1)), frames)
        # Without a look at the ids: a repeat is what came from its N_FRAMES presentations.
        expected = np.repeat(np.arange(3 * N_FRAMES) // N_FRAMES, n_bins)
        np.testing.assert_array_equal(recording.labels["repeat"].values, expected)
        part = repeat_split(recording.segment(), test_repeat=2, n_repeats=3)
        np.testing.assert_array_equal(part, expected)

    def test_scenes_are_looked_up_by_frame(self):
        scene = np.array([0, 0, 1, 1, 1, 2, 2])
        recording = convert(np.ones((84, 1)), movie(), scene_of_frame=scene)
        np.testing.assert_array_equal(
            recording.labels["scene"].values, np.tile(np.repeat(scene, 4), 3)
        )

    @pytest.mark.parametrize("scene", [np.zeros(6, int), np.zeros(7), np.zeros((7, 1), int)])
    def test_scenes_are_one_integer_a_frame(self, scene):
        with pytest.raises(RecordingError, match=r"scene_of_frame must be an integer array \(7,\)"):
            convert(np.ones((84, 1)), movie(), scene_of_frame=scene)

    def test_features_are_looked_up_by_frame_and_kept_once(self):
        features = np.random.default_rng(4).normal(size=(N_FRAMES, 3)).astype(np.float32)
        label = convert(np.ones((84, 1)), movie(), features=features).labels["features"]
        assert (label.kind, label.table.shape) == ("continuous", (N_FRAMES, 3))
        assert label.values.shape == (84,)
        np.testing.assert_array_equal(label.matrix(), features[movie()])

    def test_features_of_fewer_frames_than_were_shown_are_refused(self):
        with pytest.raises(RecordingError, match=r"codes must be in 0 … 5, .*, got 0 to 6"):
            convert(np.ones((84, 1)), movie(), features=np.ones((6, 3), np.float32))

    def test_another_number_of_repeats_is_refused_unless_any_will_do(self):
        with pytest.raises(RecordingError, match=r"must hold 10 repeats .* falls 2 times, .* 3;"):
            convert(np.ones((84, 1)), movie(), n_repeats=10)
        assert convert(np.ones((84, 1)), movie(), n_repeats=None).trial[-1] == 2

    @pytest.mark.parametrize("wrong", [-1.0, float(N_FRAMES), 0.5, np.nan])
    def test_a_bin_without_a_frame_is_named(self, wrong):
        frames = movie().astype(float)
        frames[5] = wrong
        with pytest.raises(RecordingError, match=rf"numbers in 0 … 6, got {wrong} at bin 5; drop"):
            convert(np.ones((84, 1)), frames)

    @pytest.mark.parametrize("frames", [np.zeros((2, 2)), np.zeros(0), np.array(["a"])])
    def test_frames_are_one_number_a_bin(self, frames):
        with pytest.raises(RecordingError, match="frames must be a non-empty numeric array"):
            convert(np.ones((84, 1)), frames)

    def test_neural_must_be_a_matrix(self):
        with pytest.raises(RecordingError, match="VISp_ca: neural must be a non-empty array"):
            convert(np.ones(84), movie(), modality="ca")

    def test_neural_and_frames_must_have_the_same_bins(self):
        with pytest.raises(RecordingError, match="label frame has 84 rows but neural has 83"):
            convert(np.ones((83, 1)), movie())

    def test_an_unknown_modality_is_refused(self):
        with pytest.raises(RecordingError, match="one of ca, neuropixels, got 'spikes'"):
            convert(np.ones((84, 1)), movie(), modality="spikes")


def test_a_repeat_begins_where_the_frame_falls():
    assert repeats_of(np.array([3, 3, 6, 0, 0, 0, 5, 2])).tolist() == [0, 0, 0, 1, 1, 1, 1, 2]


class TestFeatures:
    def test_they_are_float32_by_frame(self):
        features = np.random.default_rng(3).normal(size=(7, 3))
        read = movie_features(published(features), n_frames=7)
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, features.astype(np.float32))

    @pytest.mark.parametrize("shape", [(7,), (6, 3), (7, 0), (7, 3, 1)])
    def test_another_shape_is_refused(self, shape):
        with pytest.raises(RecordingError, match=r"features must have shape \(7, dim\).* got"):
            movie_features(published(np.zeros(shape)), n_frames=7)

    @pytest.mark.parametrize("wrong", [np.full((7, 3), np.nan), np.zeros((7, 3), int)])
    def test_other_values_are_refused(self, wrong):
        with pytest.raises(RecordingError, match="features must be finite floats"):
            movie_features(published(wrong), n_frames=7)
