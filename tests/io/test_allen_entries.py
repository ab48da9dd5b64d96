"""The entries of a catalog read the published files of the Allen data, laid out as published."""

import os
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from kedro.io import DataCatalog, DatasetError

from allen_files import MATCHED, N_FRAMES, N_REPEATS, calcium, write_calcium
from cebra_kedro.recording import Recording
from cebra_kedro.sources.allen import (
    BIN_WIDTH_S,
    calcium_pseudomouse,
    choose_neurons,
    movie_features,
    neuropixels_pseudomouse,
    to_recording,
)

MAT = "allen/visual_drift/data/calcium_excitatory/VISp"
SUMMARY = "allen/data_summary.csv"
JL = "allen/allen_movie1_neuropixel/VISp/neuropixel_pseudomouse_120_filtered.jl"
PTH = "allen/features/allen_movies/vit_base/8/movie_one_image_stack.npz/testfeat.pth"


@pytest.fixture
def neuropixels():
    """Five bins of the third frame of each repeat, as when a monitor is a little slow."""
    n_bins = np.tile([4, 4, 5, 4, 3, 4], N_REPEATS)
    frames = np.repeat(np.tile(np.arange(N_FRAMES), N_REPEATS), n_bins)
    neural = np.random.default_rng(0).poisson(0.2, (len(frames), 5)).astype(float)
    return {"neural": neural, "frames": frames}


@pytest.fixture
def root(tmp_path, neuropixels):
    containers, summary = calcium()
    write_calcium(tmp_path / MAT, containers)
    summary.to_csv(tmp_path / SUMMARY, index=False)
    (tmp_path / JL).parent.mkdir(parents=True)
    joblib.dump(neuropixels, tmp_path / JL)
    (tmp_path / PTH).parent.mkdir(parents=True)
    features = np.random.default_rng(1).normal(size=(N_FRAMES, 4)).astype(np.float32)
    torch.save(torch.from_numpy(features), tmp_path / PTH)
    return tmp_path


@pytest.fixture
def catalog(root):
    variables = ["filtered_traces_days_events", "united_traces_days_events"]
    entries = {
        "raw_ca": {"type": "MatlabFolderDataset", "filepath": MAT, "variables": variables},
        "summary": {"type": "PublishedTableDataset", "filepath": SUMMARY},
        "raw_neuropixels": {"type": "PublishedPickleDataset", "filepath": JL},
        "features": {"type": "TorchTensorDataset", "filepath": PTH},
    }
    return DataCatalog.from_config(
        {
            name: config
            | {
                "type": f"cebra_kedro.io.{config['type']}",
                "filepath": f"{root}/{config['filepath']}",
            }
            for name, config in entries.items()
        }
    )


def recording_of(mouse, raw, modality, index) -> Recording:
    return to_recording(
        mouse.select(index),
        mouse.frames,
        area="VISp",
        modality=modality,
        bin_width_s=BIN_WIDTH_S[modality],
        simulated=False,
        source=raw.source,
        checksum=raw.checksum,
        checksum_status=raw.checksum_status,
        n_frames=N_FRAMES,
        n_repeats=N_REPEATS,
    )


def test_both_modalities_show_the_same_movie(catalog, root, neuropixels):
    raw_ca, raw_neuropixels = catalog.load("raw_ca"), catalog.load("raw_neuropixels")
    summary = catalog.load("summary").content
    mouse = calcium_pseudomouse(raw_ca.content, summary, "VISp", n_frames=N_FRAMES)
    assert mouse.n_neurons == 3 * sum(MATCHED.values())
    ca = recording_of(mouse, raw_ca, "ca", choose_neurons(mouse.n_neurons, 8, 111, replace=True))
    assert ca.meta["source"] == str(root / MAT)

    mouse = neuropixels_pseudomouse(raw_neuropixels, "VISp")
    index = choose_neurons(mouse.n_neurons, 4, 111, replace=False)
    spikes = recording_of(mouse, raw_neuropixels, "neuropixels", index)
    np.testing.assert_array_equal(spikes.neural, neuropixels["neural"][:, index])
    np.testing.assert_array_equal(spikes.labels["frame"].values, neuropixels["frames"])
    assert set(spikes.segment()) == set(ca.segment()) == set(range(N_REPEATS))

    features = movie_features(catalog.load("features"), n_frames=N_FRAMES)
    assert features[spikes.labels["frame"].values].shape == (spikes.n_time, 4)


def test_an_area_with_fewer_neurons_than_asked_says_how_many_there_are(catalog):
    mouse = neuropixels_pseudomouse(catalog.load("raw_neuropixels"), "VISp")
    with pytest.raises(ValueError, match="asks for 800 neurons, but only 5 are available"):
        choose_neurons(mouse.n_neurons, 800, 111, replace=False)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_a_pseudomouse_that_carries_code_is_refused_and_does_not_run(catalog, root, neuropixels):
    mark = root / "code_ran"
    joblib.dump(neuropixels | {"units": Trap(mark)}, root / JL)
    with pytest.raises(DatasetError, match=r"mkdir, which could run code"):
        catalog.load("raw_neuropixels")
    assert not mark.exists()
