"""A folder of sessions stands for the published pseudomouse; which it needs is said by name."""

import os
from pathlib import Path

import numpy as np
import pytest
from kedro.io import AbstractDataset, DatasetError

from allen_files import N_FRAMES, N_TIME, Session, Unit, write_nwb
from cebra_kedro.io import NwbFolderDataset
from cebra_kedro.sources.allen import neuropixels_pseudomouse

DATA = Path(os.environ.get("CEBRA_KEDRO_DATA", "")) / "nwb"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """As the AllenSDK places them: a folder for each session."""
    folder = tmp_path_factory.mktemp("nwb")
    for number in (1, 2):
        name = f"session_{number}"
        units = [Unit([5.1]), Unit([5.2], isi_violations=0.7), Unit([5.3], channel=2)]
        write_nwb(folder / name / f"{name}.nwb", Session(units))
    return folder


def dataset(folder, load_args=None, **options):
    load_args = {"n_frames": N_FRAMES} | (load_args or {})
    return NwbFolderDataset(filepath=folder, area="VISp", load_args=load_args, **options)


def test_an_entry_in_a_catalog_gives_the_units_of_all_sessions(folder):
    config = {
        "type": "cebra_kedro.io.NwbFolderDataset",
        "filepath": str(folder),
        "area": "VISp",
        "load_args": {"n_frames": N_FRAMES, "unit_filter": {"max_isi_violations": 1.0}},
    }
    entry = AbstractDataset.from_config("allen.VISp.raw_neuropixels", config)
    assert entry.exists()
    published = entry.load()
    assert (published.checksum_status, published.source) == ("unverified", str(folder))
    mouse = neuropixels_pseudomouse(published, "VISp")
    assert mouse.neural.shape == (4, 4 * N_TIME)
    assert mouse.neurons["session"].tolist() == ["session_1"] * 2 + ["session_2"] * 2
    assert mouse.neurons["unit"].tolist() == [900, 901, 900, 901]


def test_the_chosen_sessions_come_in_the_order_in_which_they_are_named(folder):
    content = dataset(folder, sessions=["session_2", "session_1"]).load().content
    assert content["session"].tolist() == ["session_2", "session_1"]
    content = dataset(folder, sessions=["session_2"]).load().content
    assert content["session"].tolist() == ["session_2"]


def test_a_missing_session_is_named_with_those_there_are(folder):
    message = r"has no session session_3 \(\.nwb\), only session_1, session_2; place"
    with pytest.raises(DatasetError, match=message):
        dataset(folder, sessions=["session_1", "session_3"]).load()


def test_two_files_of_one_name_are_refused(folder, tmp_path):
    for name in ("a", "b"):
        write_nwb(tmp_path / name / "session_1.nwb", Session([Unit([5.1])]))
    with pytest.raises(DatasetError, match="holds two sessions of one name"):
        dataset(tmp_path).load()


def test_the_checksum_is_that_of_what_is_read(folder):
    checksums = [
        dataset(folder).load().checksum,
        dataset(folder).load().checksum,
        dataset(folder, sessions=["session_1"]).load().checksum,
        dataset(folder, {"bin_width_s": 1 / 60}).load().checksum,
    ]
    assert checksums[0] == checksums[1]
    assert len(set(checksums)) == 3


def test_a_file_that_is_no_nwb_is_named(tmp_path):
    (tmp_path / "session_1.nwb").write_bytes(b"not HDF5")
    with pytest.raises(DatasetError, match="is not a readable folder of NWB files"):
        dataset(tmp_path).load()


def test_an_unknown_argument_is_refused(folder):
    with pytest.raises(DatasetError, match="unexpected keyword argument 'bin_width'"):
        dataset(folder, {"bin_width": 1}).load()


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="CEBRA_KEDRO_DATA has no folder nwb")
def test_a_real_session_of_another_laboratory_is_refused_with_what_it_lacks():
    with pytest.raises(
        DatasetError, match=r"A8604-211122\.nwb lacks general/stimulus, .* fetch it"
    ):
        dataset(DATA).load()


def test_counts_are_plain_arrays(folder):
    content = dataset(folder).load().content
    assert content.keys() == {"neural", "frames", "session", "unit"}
    assert not any(array.dtype.hasobject for array in content.values())
    assert content["neural"].dtype == np.uint8
