"""Files that lie elsewhere are fetched once, compared, and read as if they had always been here."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import h5py
import numpy as np
import pytest
from kedro.io import DatasetError

from cebra_kedro.io import Hdf5Dataset, NpzDataset, SessionsDataset, TableDataset
from cebra_kedro.io.fetched_file import is_url


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, and counts what was asked for."""

    def __init__(self, *arguments, asked, **options):
        self.asked = asked
        super().__init__(*arguments, **options)

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path):
    """A folder, its address, and the paths that were asked for."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()
    handler = partial(Handler, asked=asked, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The user's cache folder, in a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache"


def write_h5(folder):
    with h5py.File(folder / "rat.h5", "w") as file:
        file["counts"] = np.arange(6).reshape(3, 2)
    return hashlib.sha256((folder / "rat.h5").read_bytes()).hexdigest()


def test_a_file_at_an_address_is_fetched_once(served):
    folder, address, asked = served
    write_h5(folder)
    for _ in range(2):
        arrays = Hdf5Dataset(filepath=f"{address}/rat.h5").load()
        np.testing.assert_array_equal(arrays["counts"], np.arange(6).reshape(3, 2))
    assert asked == ["/rat.h5"]


def test_addresses_of_one_name_are_different_files(served):
    folder, address, _ = served
    for day, number in (("monday", 1), ("tuesday", 2)):
        (folder / day).mkdir()
        np.savez(folder / day / "rat.npz", number=np.array([number]))
    for day, number in (("monday", 1), ("tuesday", 2)):
        assert NpzDataset(filepath=f"{address}/{day}/rat.npz").load()["number"] == [number]


def test_a_declared_address_and_digest_place_the_file(served, tmp_path):
    folder, address, asked = served
    digest = write_h5(folder)
    there = tmp_path / "raw" / "rat.h5"
    entry = {"filepath": str(there), "url": f"{address}/rat.h5", "sha256": digest}
    sessions = SessionsDataset(sessions={"rat": {"type": "cebra_kedro.io.Hdf5Dataset", **entry}})
    sessions.fetch_if_missing()
    assert there.is_file()
    assert sessions.load()["rat"]["counts"].shape == (3, 2)
    assert asked == ["/rat.h5"]
    assert sessions.load().origin("rat") == {"source": str(there), "checksum": digest}


@pytest.mark.parametrize("dataset", [Hdf5Dataset, NpzDataset])
def test_another_file_under_the_name_is_refused_and_not_kept(served, tmp_path, dataset):
    folder, address, _ = served
    write_h5(folder)
    there = tmp_path / "raw" / "rat.h5"
    declared = dataset(filepath=there, url=f"{address}/rat.h5", sha256="0" * 64)
    with pytest.raises(
        DatasetError, match=r"rat.h5 has sha256 .* but 0{64} is declared: it is dam"
    ):
        declared.load()
    assert list(there.parent.iterdir()) == []


def test_a_file_that_changed_on_this_machine_is_refused(tmp_path):
    digest = write_h5(tmp_path)
    dataset = Hdf5Dataset(filepath=tmp_path / "rat.h5", sha256=digest)
    dataset.load()
    with h5py.File(tmp_path / "rat.h5", "a") as file:
        file["more"] = np.ones(3)
    with pytest.raises(DatasetError, match="name; copy it again, or correct sha256"):
        dataset.load()


def test_what_cannot_be_fetched_is_named_with_its_place(served):
    _, address, _ = served
    with pytest.raises(DatasetError) as error:
        TableDataset(filepath=f"{address}/lost.csv").load()
    message = str(error.value)
    assert f"could not be fetched from {address}/lost.csv" in message
    assert "404" in message
    assert "download it by hand and place it at" in message


def test_other_protocols_are_spoken_by_fsspec(tmp_path):
    np.savez(tmp_path / "rat.npz", x=np.arange(3))
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bucket/rat.npz", (tmp_path / "rat.npz").read_bytes())
    assert NpzDataset(filepath="memory://bucket/rat.npz").load()["x"].tolist() == [0, 1, 2]


def test_a_protocol_whose_package_is_missing_names_the_extra(monkeypatch):
    def missing(url):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(
        DatasetError, match=r"s3fs .*pip install \"cebra-kedro\[remote\]\", or down"
    ):
        NpzDataset(filepath="s3://bucket/rat.npz").load()


def test_a_fetched_file_is_not_written(served):
    _, address, _ = served
    with pytest.raises(DatasetError, match=r"is fetched from http://.* so it is not written"):
        NpzDataset(filepath=f"{address}/rat.npz").save({"x": np.ones(2)})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "https://a.org/"}, "https://a.org/ names no file"),
        ({"filepath": "https://a.org/b.h5", "url": "https://a.org/b.h5"}, "url is one too many"),
        ({"filepath": "b.h5", "url": "a.org/b.h5"}, "url of Hdf5Dataset must begin with"),
        ({"filepath": "b.h5", "sha256": "12"}, "sha256 of Hdf5Dataset must be 64 hex digits"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(DatasetError, match=message):
        Hdf5Dataset(**arguments)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("https://a/b", True),
        ("s3://a/b", True),
        ("file:///a", False),
        ("C:/a", False),
        ("a", False),
    ],
)
def test_urls_are_told_from_paths(text, answer):
    assert is_url(text) is answer
