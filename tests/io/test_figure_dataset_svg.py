"""Figures saved at a resolution of their own, and as SVG beside the PNG."""

import struct
from xml.etree import ElementTree

import pytest
from kedro.io import AbstractDataset, DatasetError, Version
from matplotlib.figure import Figure

from cebra_kedro.io import FigureDataset


def drawn():
    figure = Figure(figsize=(2, 1), dpi=100)
    figure.subplots().plot([0, 1], [1, 0])
    return figure


def size(path):
    return struct.unpack(">II", path.read_bytes()[16:24])


def test_the_resolution_is_the_one_asked_for(tmp_path):
    for dpi, pixels in ((None, (200, 100)), (300, (600, 300))):
        FigureDataset(filepath=tmp_path / "x.png", dpi=dpi).save(drawn())
        assert size(tmp_path / "x.png") == pixels


def test_the_svg_lies_beside_the_png_and_is_the_same_for_the_same_figure(tmp_path):
    for name in ("one", "two"):
        FigureDataset(filepath=tmp_path / f"{name}.png", svg=True).save(drawn())
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "one.png",
        "one.svg",
        "two.png",
        "two.svg",
    ]
    root = ElementTree.fromstring((tmp_path / "one.svg").read_text())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["width"] == "144pt"  # 2 inches
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_without_asking_there_is_no_svg(tmp_path):
    FigureDataset(filepath=tmp_path / "x.png").save(drawn())
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_a_folder_of_figures_holds_both_kinds_and_loses_what_is_drawn_no_more(tmp_path):
    config = {
        "type": "partitions.PartitionedDataset",
        "path": str(tmp_path / "panels"),
        "filename_suffix": ".png",
        "overwrite": True,
        "dataset": {"type": "cebra_kedro.io.FigureDataset", "svg": True},
    }
    dataset = AbstractDataset.from_config("panels", config)
    assert "panels" in repr(dataset)
    dataset.save({"panel_a": drawn(), "panel_b": drawn()})
    dataset.save({"panel_a": drawn()})
    assert sorted(p.name for p in (tmp_path / "panels").iterdir()) == ["panel_a.png", "panel_a.svg"]


@pytest.mark.parametrize("wrong", [0, -1, "300"])
def test_a_resolution_that_is_none_is_refused(tmp_path, wrong):
    with pytest.raises(DatasetError, match="positive number"):
        FigureDataset(filepath=tmp_path / "x.png", dpi=wrong)


def test_svg_and_versions_are_refused_together(tmp_path):
    with pytest.raises(DatasetError, match="versioned"):
        FigureDataset(filepath=tmp_path / "x.png", svg=True, version=Version(None, None))
