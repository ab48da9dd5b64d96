"""Published files: fetched whole or not at all, compared before they are opened, never run."""

import gc
import gzip
import hashlib
import logging
import os
import shlex
import socket
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import joblib
import numpy as np
import pytest
from kedro.io import DatasetError

from cebra_kedro.io import PublishedPickleDataset

CONTENT = {"spikes": np.arange(12.0).reshape(4, 3), "position": np.eye(4, 3)}
OTHER_MD5 = "0" * 32


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def assert_content(published):
    assert published.content.keys() == CONTENT.keys()
    for key, array in CONTENT.items():
        np.testing.assert_array_equal(published.content[key], array)


@pytest.fixture
def published_file(tmp_path):
    path = tmp_path / "publisher" / "rat.jl"
    path.parent.mkdir()
    joblib.dump(CONTENT, path)
    path.with_name("rat.jl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.with_name("broken.jl.gz").write_bytes(gzip.compress(path.read_bytes())[:-20])
    return path


@pytest.fixture
def url(published_file, monkeypatch):
    """Address of the publisher's folder on the loopback device."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = partial(Quiet, directory=str(published_file.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
    gc.collect()  # a connection left open raises its ResourceWarning here, not in a later test


@pytest.fixture
def filepath(tmp_path):
    return tmp_path / "raw" / "rats" / "rat.jl"


@pytest.fixture
def placed(filepath, published_file):
    """The file as a user puts it into its place."""
    filepath.parent.mkdir(parents=True)
    filepath.write_bytes(published_file.read_bytes())
    return filepath


def assert_nothing_is_left(filepath):
    assert not filepath.exists()
    assert not filepath.parent.exists() or list(filepath.parent.iterdir()) == []


class TestChecksum:
    def test_the_published_file_is_verified(self, placed):
        published = PublishedPickleDataset(filepath=placed, md5=md5(placed).upper()).load()
        assert_content(published)
        assert (published.checksum, published.checksum_status) == (md5(placed), "verified")
        assert published.source == str(placed)

    def test_without_a_declared_checksum_the_file_is_unverified(self, placed):
        published = PublishedPickleDataset(filepath=placed).load()
        assert_content(published)
        assert (published.checksum, published.checksum_status) == (md5(placed), "unverified")

    def test_a_mismatch_stops_before_the_file_is_opened(self, placed):
        placed.write_bytes(b"not even a pickle")
        with pytest.raises(DatasetError) as caught:
            PublishedPickleDataset(filepath=placed, md5=OTHER_MD5).load()
        message = str(caught.value)
        for part in (str(placed), OTHER_MD5, md5(placed), "not opened", "allow_mismatch: true"):
            assert part in message

    def test_a_mismatch_can_be_allowed_and_is_logged(self, placed, caplog):
        dataset = PublishedPickleDataset(filepath=placed, md5=OTHER_MD5, allow_mismatch=True)
        with caplog.at_level(logging.WARNING, logger="cebra_kedro"):
            published = dataset.load()
        assert_content(published)
        assert (published.checksum, published.checksum_status) == (md5(placed), "mismatch")
        assert OTHER_MD5 in caplog.text
        assert "allow_mismatch" in caplog.text


class TestFetching:
    def test_a_gz_is_fetched_verified_and_decompressed(self, filepath, published_file, url):
        gz = published_file.with_name("rat.jl.gz")
        dataset = PublishedPickleDataset(
            filepath=filepath, url=f"{url}/rat.jl.gz", gz_md5=md5(gz), md5=md5(published_file)
        )
        assert not dataset.exists()
        published = dataset.load()
        assert_content(published)
        assert (published.checksum_status, published.source) == ("verified", f"{url}/rat.jl.gz")
        assert dataset.exists()
        assert [path.name for path in filepath.parent.iterdir()] == ["rat.jl"]

    def test_a_plain_file_is_fetched(self, filepath, published_file, url):
        dataset = PublishedPickleDataset(
            filepath=filepath, url=f"{url}/rat.jl", md5=md5(published_file)
        )
        assert_content(dataset.load())
        assert filepath.read_bytes() == published_file.read_bytes()

    def test_without_checksums_a_file_is_fetched_as_unverified(self, filepath, url):
        published = PublishedPickleDataset(filepath=filepath, url=f"{url}/rat.jl.gz").load()
        assert published.checksum_status == "unverified"

    def test_a_file_in_place_is_not_fetched_again(self, placed):
        url = f"http://127.0.0.1:{_closed_port()}/rat.jl"
        assert_content(PublishedPickleDataset(filepath=placed, url=url).load())

    @pytest.mark.parametrize(
        ("name", "checksums", "cause"),
        [
            ("rat.jl.gz", {"gz_md5": OTHER_MD5}, f"expected md5:{OTHER_MD5}"),
            (
                "rat.jl.gz",
                {"gz_md5": OTHER_MD5, "allow_mismatch": True},
                f"expected md5:{OTHER_MD5}",
            ),
            ("rat.jl.gz", {"md5": OTHER_MD5}, f"decompressed file is .*, expected {OTHER_MD5}"),
            ("rat.jl", {"md5": OTHER_MD5}, f"expected md5:{OTHER_MD5}"),
            ("broken.jl.gz", {}, "EOFError"),
            ("absent.jl", {}, "404"),
        ],
    )
    def test_a_wrong_download_leaves_nothing(self, filepath, url, name, checksums, cause):
        dataset = PublishedPickleDataset(filepath=filepath, url=f"{url}/{name}", **checksums)
        with pytest.raises(DatasetError, match=cause) as caught:
            dataset.load()
        assert f"place it at {filepath}" in str(caught.value)
        assert_nothing_is_left(filepath)

    def test_an_allowed_mismatch_goes_for_the_download_too(self, filepath, url):
        dataset = PublishedPickleDataset(
            filepath=filepath, url=f"{url}/rat.jl.gz", md5=OTHER_MD5, allow_mismatch=True
        )
        assert dataset.load().checksum_status == "mismatch"

    def test_offline_the_error_says_what_to_place_where(self, filepath, monkeypatch):
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        url = f"http://127.0.0.1:{_closed_port()}/rat.jl.gz"
        with pytest.raises(DatasetError) as caught:
            PublishedPickleDataset(filepath=filepath, url=url).load()
        advice = f"download {url}, decompress it (gunzip) and place it at {filepath}"
        assert advice in str(caught.value)
        assert_nothing_is_left(filepath)

    def test_without_url_a_missing_file_says_where_to_place_it(self, filepath):
        with pytest.raises(DatasetError) as caught:
            PublishedPickleDataset(filepath=filepath).load()
        assert str(caught.value) == (
            f"{filepath} does not exist; copy the file again, place it at {filepath}, or correct "
            "filepath"
        )

    def test_a_published_file_without_url_is_to_be_placed(self, filepath):
        with pytest.raises(DatasetError, match=f"place the published file at {filepath}"):
            PublishedPickleDataset(filepath=filepath, md5=OTHER_MD5).load()


class TestContent:
    def test_a_pickle_that_names_code_is_refused_and_not_run(self, tmp_path):
        marker, filepath = tmp_path / "marker", tmp_path / "attack.jl"

        class Attack:
            def __reduce__(self):
                return (os.system, (f"echo ran > {shlex.quote(str(marker))}",))

        joblib.dump({"spikes": np.zeros(3), "x": Attack()}, filepath)
        dataset = PublishedPickleDataset(filepath=filepath, md5=md5(filepath))
        with pytest.raises(DatasetError, match=rf"attack\.jl.*{os.name}\.system, which could run"):
            dataset.load()
        assert not marker.exists()
        joblib.load(filepath)
        assert marker.exists()  # the attack is a real one

    def test_a_cut_file_says_so_and_how_to_replace_it(self, placed):
        placed.write_bytes(placed.read_bytes()[:-30])
        url = "https://example.org/rat.jl"
        with pytest.raises(DatasetError, match=r"rat\.jl: .*cut short.*download https") as caught:
            PublishedPickleDataset(filepath=placed, url=url).load()
        assert f"place it at {placed}" in str(caught.value)

    @pytest.mark.parametrize(
        ("begins", "reader"),
        [
            (b"\x89HDF\r\n\x1a\n", "Hdf5Dataset"),
            (b"PK\x03\x04", "NpzDataset"),
            (b"\x93NUMPY\x01\x00", "NpyDataset"),
            (b"MATLAB 5.0 MAT-file", "MatDataset"),
            (b"PAR1", "TableDataset"),
        ],
    )
    def test_a_file_of_another_format_is_told_by_its_content(self, placed, begins, reader):
        placed.write_bytes(begins + bytes(200))
        with pytest.raises(DatasetError) as caught:
            PublishedPickleDataset(filepath=placed).load()
        said = str(caught.value)
        assert said.startswith(f"{placed} is a")
        assert f"cebra_kedro.io.{reader}" in said
        assert said.endswith("or correct filepath")
        assert "place" not in said

    def test_something_else_than_a_dict_says_so(self, placed):
        joblib.dump([1, 2], placed)
        with pytest.raises(DatasetError, match=r"rat\.jl holds a list, expected a dict"):
            PublishedPickleDataset(filepath=placed).load()

    def test_saving_is_refused(self, placed):
        before = placed.read_bytes()
        with pytest.raises(DatasetError, match="is read-only"):
            PublishedPickleDataset(filepath=placed).save(CONTENT)
        assert placed.read_bytes() == before

    @pytest.mark.data
    def test_the_real_buddy_is_the_published_one(self):
        path = Path(os.environ.get("CEBRA_KEDRO_DATA", "")) / "rat_hippocampus" / "buddy.jl"
        if "CEBRA_KEDRO_DATA" not in os.environ or not path.is_file():
            pytest.skip("needs rat_hippocampus/buddy.jl in the folder CEBRA_KEDRO_DATA")
        published = PublishedPickleDataset(
            filepath=path, md5="36341322907708c466871bf04bc133c2"
        ).load()
        assert published.checksum_status == "verified"
        spikes, position = published.content["spikes"], published.content["position"]
        assert (spikes.shape, spikes.dtype) == ((6577, 48), np.float64)
        assert position.shape == (6577, 3)
        # counts of each value as measured when the file was described
        assert [int((spikes == k).sum()) for k in range(5)] == [309671, 4986, 856, 161, 22]
        assert (position[:, 0].min(), position[:, 0].max()) == (0, 1.6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"md5": "12ab"}, "md5 must be 32 hex digits"),
        ({"md5": 36341322907708466871}, "md5 must be 32 hex digits in quotes"),
        ({"url": "rat.jl"}, "url must start with https"),
        ({"gz_md5": OTHER_MD5}, "gz_md5 is the checksum of a file fetched from a url"),
        ({"gz_md5": OTHER_MD5, "url": "https://x.org/rat.jl"}, "url ending in .gz"),
    ],
)
def test_a_wrong_catalog_entry_is_refused_at_construction(arguments, message):
    with pytest.raises(DatasetError, match=message):
        PublishedPickleDataset(filepath="rat.jl", **arguments)


def _closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
