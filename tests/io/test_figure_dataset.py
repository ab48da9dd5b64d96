"""Figures become pictures, wholly or not at all, and kedro-viz gets to see them."""

import base64
import io
import struct
import zlib
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from kedro.io import DatasetError, Version
from kedro_datasets._typing import ImagePreview
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cebra_kedro.io import FigureDataset
from cebra_kedro.io.figure_dataset import picture_fingerprint, without_texts, write_picture

RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def figure(colour=RED):
    return Figure(figsize=(0.4, 0.3), dpi=100, facecolor=colour)


@pytest.fixture
def filepath(tmp_path):
    return tmp_path / "deeper" / "error.png"


@pytest.fixture
def dataset(filepath):
    return FigureDataset(filepath=filepath)


def test_the_picture_shows_the_figure(dataset, filepath):
    dataset.save(figure(BLUE))
    pixels = matplotlib.image.imread(filepath)
    assert pixels.shape == (30, 40, 4)
    np.testing.assert_array_equal(pixels[..., :3], np.broadcast_to(BLUE, (30, 40, 3)))


def chunk_names(picture: bytes) -> list[str]:
    names, at = [], 8
    while at < len(picture):
        length, name = struct.unpack(">I4s", picture[at : at + 8])
        checksum = struct.unpack(">I", picture[at + 8 + length : at + 12 + length])[0]
        assert zlib.crc32(picture[at + 4 : at + 8 + length]) == checksum
        names.append(name.decode())
        at += 12 + length
    return names


def test_equal_figures_give_equal_files_without_date_or_version(dataset, filepath):
    dataset.save(figure())
    first = filepath.read_bytes()
    dataset.save(figure())
    assert filepath.read_bytes() == first
    assert "tEXt" not in chunk_names(first)


@pytest.mark.parametrize("wrong", [[Figure()], {"a.png": Figure()}, Figure().subplots()])
def test_anything_but_one_figure_is_refused_and_the_file_stays(dataset, filepath, wrong):
    dataset.save(figure())
    before = filepath.read_bytes()
    with pytest.raises(DatasetError, match="saves one matplotlib Figure"):
        dataset.save(wrong)
    assert filepath.read_bytes() == before


def test_a_failed_save_leaves_the_old_file_and_no_other(dataset, filepath, monkeypatch):
    dataset.save(figure())
    before = filepath.read_bytes()

    def half_way(self, path, **_):
        Path(path).write_bytes(before[:20])
        raise OSError("disk full")

    monkeypatch.setattr(FigureCanvasAgg, "print_png", half_way)
    with pytest.raises(DatasetError, match="disk full"):
        dataset.save(figure(BLUE))
    assert filepath.read_bytes() == before
    assert [path.name for path in filepath.parent.iterdir()] == [filepath.name]


def test_a_picture_loads_as_the_bytes_of_its_file(dataset, filepath):
    dataset.save(figure())
    assert dataset.load() == filepath.read_bytes()


def test_a_missing_picture_does_not_exist(dataset, filepath):
    assert not dataset.exists()
    with pytest.raises(DatasetError, match=r"error\.png does not exist"):
        dataset.load()


@pytest.mark.parametrize("name", ["error.pdf", "error", "error.PNG"])
def test_other_formats_are_refused(tmp_path, name):
    with pytest.raises(DatasetError, match=r"must end in \.png"):
        FigureDataset(filepath=tmp_path / name)


def test_a_remote_file_is_refused_rather_than_written_here():
    with pytest.raises(DatasetError, match="must be a file on this machine"):
        FigureDataset(filepath="s3://bucket/error.png")


def test_versions_are_kept_apart(filepath):
    version = "2024-01-01T00.00.00.000Z"
    FigureDataset(filepath=filepath, version=Version(None, version)).save(figure())
    assert (filepath / version / "error.png").is_file()


def test_preview_is_the_picture_in_base64_as_kedro_viz_wants_it(dataset, filepath):
    dataset.save(figure(BLUE))
    preview = dataset.preview()
    assert FigureDataset.preview.__annotations__["return"] in (ImagePreview, "ImagePreview")
    picture = base64.b64decode(preview, validate=True)
    assert picture == filepath.read_bytes()
    assert matplotlib.image.imread(io.BytesIO(picture)).shape == (30, 40, 4)


def test_pictures_that_differ_by_their_texts_alone_are_the_same_without(tmp_path):
    pictures = []
    for fingerprint in ("one", "another"):
        figure = Figure(figsize=(2, 1))
        figure.add_subplot().plot([0, 1])
        write_picture(tmp_path / "picture.png", figure, fingerprint=fingerprint)
        assert picture_fingerprint(tmp_path / "picture.png") == fingerprint
        pictures.append((tmp_path / "picture.png").read_bytes())
    assert pictures[0] != pictures[1]
    left = [without_texts(picture) for picture in pictures]
    assert left[0] == left[1]
    (tmp_path / "left.png").write_bytes(left[0])
    assert picture_fingerprint(tmp_path / "left.png") is None
