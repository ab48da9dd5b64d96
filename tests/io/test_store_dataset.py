"""Many values as one entry: computed when they are saved, named by an index, loaded lazily."""

from __future__ import annotations

import base64
import functools
import json
import pickle
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from kedro.framework.hooks.manager import _NullPluginManager
from kedro.io import AbstractDataset, DataCatalog, DatasetError
from kedro.pipeline import Pipeline, node
from kedro.runner import SequentialRunner
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from cebra_kedro.cells import Cell, Pieces
from cebra_kedro.io import StoreDataset, figure_dataset
from cebra_kedro.recording import Recording
from cebra_kedro.store import Store
from cebra_kedro.training.progress import TrainingError

KEYS = ["buddy/fold0_seed0", "buddy/fold0_seed1", "cicero/fold0_seed0"]


def array(value, path=None):
    return {"x": np.array([value])}


def fail(path, error):
    raise error


def pieces(keys=KEYS, value=1, **options):
    """Cells whose fingerprint is their value."""
    cells = {key: Cell(functools.partial(array, value), f"fingerprint{value}") for key in keys}
    return Pieces(cells, **options)


def content(store):
    return {key: int(arrays["x"][0]) for key, arrays in store.items()}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "experiment" / "embeddings"


@pytest.fixture
def dataset(folder):
    return StoreDataset(path=folder, contents="arrays")


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_cells_are_computed_on_saving_and_read_on_asking(dataset, folder):
    assert not dataset.exists()
    dataset.save(pieces())
    assert dataset.exists()
    assert files(folder) == [*(f"{key}.npz" for key in KEYS), "index.json"]
    loaded = dataset.load()
    assert isinstance(loaded, Store)
    assert content(loaded) == dict.fromkeys(KEYS, 1)
    assert loaded.fingerprint(KEYS[0]) == "fingerprint1"


def test_values_and_cells_may_be_mixed(dataset):
    dataset.save({"buddy": array(3), "cicero": Cell(functools.partial(array, 4), "four")})
    assert content(dataset.load()) == {"buddy": 3, "cicero": 4}
    assert dataset.load().fingerprint("buddy") is None


def test_finished_cells_are_not_computed_again(dataset):
    dataset.save(pieces())
    failing = Cell(functools.partial(fail, error=ValueError("computed again")), "fingerprint1")
    dataset.save(dict.fromkeys(KEYS, failing))
    assert content(dataset.load()) == dict.fromkeys(KEYS, 1)


def test_in_several_processes_it_is_the_same(dataset, tmp_path):
    dataset.save(pieces(processes=2))
    other = StoreDataset(path=tmp_path / "other", contents="arrays")
    other.save(pieces())
    assert content(dataset.load()) == content(other.load())
    assert (dataset._filepath / "index.json").read_bytes() == (
        other._filepath / "index.json"
    ).read_bytes()


@pytest.mark.parametrize(
    ("data", "title"),
    [
        (pieces(title="position"), "position"),
        (pieces().cells, "experiment/embeddings"),
        ({"buddy": array(1)}, None),
    ],
    ids=["pieces", "cells", "values"],
)
def test_work_is_logged_and_mere_writing_is_not(data, title, dataset, caplog):
    with caplog.at_level("INFO"):
        dataset.save(data)
    assert (f"{title}: 3 computed in 0 s, 0 were" in caplog.text) == (title is not None)
    assert ("computed" in caplog.text) == (title is not None)


class TestIndex:
    def test_what_is_saved_replaces_its_session_and_no_other(self, dataset, folder):
        dataset.save(pieces())
        dataset.save(pieces(["buddy/fold1_seed0"], value=2))
        assert content(dataset.load()) == {"buddy/fold1_seed0": 2, "cicero/fold0_seed0": 1}
        assert files(folder) == [
            "buddy/fold1_seed0.npz",
            "cicero/fold0_seed0.npz",
            "index.json",
        ]

    def test_what_is_no_longer_there_leaves_no_folder(self, folder):
        dataset = StoreDataset(path=folder, contents="arrays", suffix="/splits.npz")
        dataset.save({"VISp/ca": array(1), "VISp/deep/er": array(1), "VISl": array(1)})
        (folder / "VISp" / "deep" / "notes.txt").write_text("the user's own")
        dataset.save({"VISp/np": array(2)})
        assert files(folder) == [
            "VISl/splits.npz",
            "VISp/deep/notes.txt",
            "VISp/np/splits.npz",
            "index.json",
        ]
        assert not (folder / "VISp" / "ca").exists()

    def test_a_file_that_no_index_names_is_not_loaded_and_stays(self, dataset, folder):
        dataset.save(pieces())
        (folder / "buddy" / "fold9_seed9.npz").write_bytes(b"of an interrupted run")
        dataset.save(pieces())
        assert list(dataset.load()) == KEYS
        assert "buddy/fold9_seed9.npz" in files(folder)

    def test_a_union_is_an_index_and_nothing_else(self, dataset, tmp_path):
        dataset.save(pieces())
        union = StoreDataset(path=tmp_path / "union", contents="arrays")
        union.save(Store.union({"position": dataset.load(), "time": dataset.load()}))
        assert files(tmp_path / "union") == ["index.json"]
        loaded = union.load()
        assert len(loaded) == 6
        assert loaded.path(f"time/{KEYS[0]}") == dataset.load().path(KEYS[0])
        assert content(loaded.below("time")) == content(dataset.load())
        # files of others are never deleted
        union.save({"position/x": array(2), "time/x": array(2)})
        assert content(dataset.load()) == dict.fromkeys(KEYS, 1)
        assert files(tmp_path / "union") == ["index.json", "position/x.npz", "time/x.npz"]

    def test_a_union_names_no_other_files(self, dataset, tmp_path):
        """An encoder that is no longer described does not stay in it."""
        dataset.save(pieces())
        union = StoreDataset(path=tmp_path / "union", contents="arrays")
        union.save(Store.union({"position": dataset.load(), "time": dataset.load()}))
        union.save(Store.union({"time": dataset.load()}))
        assert list(union.load()) == [f"time/{key}" for key in KEYS]
        assert content(dataset.load()) == dict.fromkeys(KEYS, 1)

    def test_entries_that_share_a_folder_have_an_index_each(self, folder):
        figures = StoreDataset(path=folder, contents="figures", index="figures.json")
        tables = StoreDataset(path=folder, contents="tables", index="tables.json")
        figures.save({"buddy/scores": Figure()})
        tables.save({"buddy/scores": pd.DataFrame({"value": [0.1]})})
        assert figures.load()["buddy/scores"].startswith(b"\x89PNG")
        assert tables.load()["buddy/scores"]["value"].tolist() == [0.1]

    def test_an_interrupted_run_leaves_the_index_and_its_promise(self, dataset):
        """What was overwritten since is not passed off as what the index names."""
        dataset.save(pieces())
        interrupted = pieces(value=2).cells | {
            KEYS[1]: Cell(functools.partial(fail, error=KeyboardInterrupt()), "fingerprint2")
        }
        with pytest.raises(KeyboardInterrupt):
            dataset.save(interrupted)
        loaded = dataset.load()
        with pytest.raises(ValueError, match="as after an interrupted run"):
            loaded[KEYS[0]]
        assert int(loaded[KEYS[1]]["x"][0]) == 1

    def test_facts_about_recordings_are_in_the_index(self, folder):
        dataset = StoreDataset(path=folder, contents="recordings", suffix="/recording.h5")
        meta = {"source": "here", "simulated": True}
        dataset.save({"buddy": Recording(np.ones((5, 2)), {}, 0.5, "buddy", meta=meta)})
        assert dataset.load().about("buddy") == {
            "source": "here",
            "checksum": None,
            "checksum_status": None,
            "simulated": True,
            "n_time": 5,
            "n_neurons": 2,
            "n_trials": None,
            "bin_width_s": 0.5,
            "suspicions": [],
        }
        assert dataset.load()["buddy"].n_time == 5
        assert files(folder) == ["buddy/recording.h5", "index.json"]


class TestFigures:
    @pytest.fixture
    def figures(self, folder):
        return StoreDataset(path=folder, contents="figures", index="figures.json")

    def test_none_is_no_picture(self, figures, folder):
        figures.save({"scores": Figure(), "buddy/embedding": Figure(), "buddy/decoded": None})
        assert list(figures.load()) == ["buddy/embedding", "scores"]
        figures.save({"buddy/embedding": None})
        assert list(figures.load()) == ["scores"]
        assert files(folder) == ["figures.json", "scores.png", "scores.svg"]

    def test_what_is_drawn_no_more_is_deleted_in_both_formats(self, figures, folder):
        figures.save({"buddy/a": Figure(), "buddy/b": Figure()})
        pictures = [f"buddy/{name}.{suffix}" for name in "ab" for suffix in ("png", "svg")]
        assert files(folder) == [*pictures, "figures.json"]
        figures.save({"buddy/b": Figure()})
        assert files(folder) == ["buddy/b.png", "buddy/b.svg", "figures.json"]

    def test_values_are_the_bytes_of_the_png(self, figures, folder):
        figures.save({"scores": Figure()})
        assert figures.load()["scores"] == (folder / "scores.png").read_bytes()

    def test_both_formats_show_the_figure_with_its_axes_in_one_place(self, figures, folder):
        figure = Figure(figsize=(4, 3), dpi=100, layout="constrained")
        ax = figure.subplots()
        ax.set_facecolor("#123456")
        ax.set_ylabel("a label that the layout makes room for")
        figures.save({"scores": figure})
        root = ElementTree.fromstring((folder / "scores.svg").read_text())
        (face,) = [path for path in root.iter() if "#123456" in path.get("style", "")]
        # Points from the left, and from the top, as those of an SVG are; it has six decimals.
        corner = [float(number) for number in face.get("d").split()[1:3]]
        expected = np.array([ax.get_position().x0 * 4, 3 - ax.get_position().y0 * 3]) * 72
        np.testing.assert_allclose(corner, expected, atol=1e-5)
        assert figure.get_layout_engine() is not None
        assert type(figure.get_layout_engine()).__name__ == "ConstrainedLayoutEngine"
        assert figure.dpi == 100

    def test_the_svg_holds_no_text_that_needs_a_font_and_no_point_of_a_cloud(self, figures, folder):
        figure = Figure(figsize=(4, 3), dpi=100)
        ax = figure.subplots()
        x = np.linspace(0, 1, 20_000)
        ax.scatter(x, np.sin(40 * x), s=2, rasterized=True)
        ax.set_title("some words")
        figures.save({"scores": figure})
        content = (folder / "scores.svg").read_text()
        assert "<text" not in content
        assert len(content) < 200_000  # 20,000 points as marks are more than a MB
        figures.save({"scores": figure})
        assert (folder / "scores.svg").read_text() == content

    def test_an_svg_that_would_be_large_holds_its_pictures_with_fewer_dots(self, figures, folder):
        figure = Figure(figsize=(10, 10), dpi=100)
        ax = figure.add_axes((0, 0, 1, 1))
        ax.imshow(np.random.default_rng(0).random((1000, 1000, 3)))  # noise, 4 MB at 100 dpi
        figures.save({"scores": figure})
        # The second time aims at 0.8 MB, to be below 1 MB whatever the pictures are like.
        assert 500_000 < (folder / "scores.svg").stat().st_size < 1_000_000
        assert figure.dpi == 100

    def test_axes_are_placed_once_for_both_formats(self, figures, monkeypatch):
        placed, drawn = [], []
        place, draw = ConstrainedLayoutEngine.execute, Axes.draw
        monkeypatch.setattr(
            ConstrainedLayoutEngine, "execute", lambda *args: placed.append(1) or place(*args)
        )
        monkeypatch.setattr(Axes, "draw", lambda *args: drawn.append(1) or draw(*args))
        figure = Figure(layout="constrained")
        figure.subplots()
        figures.save({"scores": figure})
        assert (len(placed), len(drawn)) == (1, 2)

    def test_a_picture_without_its_svg_is_drawn_again(self, figures, folder):
        calls = []
        cell = Cell(lambda path: calls.append(path) or Figure(), "one")
        for _ in range(2):
            figures.save({"scores": cell})
        assert len(calls) == 1
        (folder / "scores.svg").unlink()
        figures.save({"scores": cell})
        assert len(calls) == 2
        assert files(folder) == ["figures.json", "scores.png", "scores.svg"]

    def test_where_the_svg_cannot_be_written_the_former_picture_stays(
        self, figures, folder, monkeypatch
    ):
        figures.save({"scores": Figure()})
        before = {name: (folder / name).read_bytes() for name in files(folder)}

        def fails(path, value):
            raise OSError("no space left")

        monkeypatch.setattr(figure_dataset, "write_drawing", fails)
        with pytest.raises(DatasetError, match="no space left"):
            figures.save({"scores": Figure(facecolor="red")})
        assert {name: (folder / name).read_bytes() for name in files(folder)} == before

    def test_what_a_killed_run_was_writing_is_cleared_away(self, figures, folder):
        folder.mkdir(parents=True)
        for name in (".scores.png.12ab.tmp", ".scores.svg.12ab.tmp"):
            (folder / name).touch()
        figures.save({"scores": Figure()})
        assert files(folder) == ["figures.json", "scores.png", "scores.svg"]

    def test_kedro_viz_shows_the_first(self, figures, folder, dataset):
        figures.save({"fold10": Figure(), "fold2": Figure(figsize=(1, 1))})
        picture = base64.b64decode(figures.preview())
        assert picture == (folder / "fold2.png").read_bytes()
        assert figures.preview.__annotations__["return"] == "ImagePreview"
        assert not hasattr(dataset, "preview")

    def test_before_the_first_run_there_is_none(self, figures):
        with pytest.raises(DatasetError, match="run the pipeline"):
            figures.preview()
        figures.save({})
        with pytest.raises(DatasetError, match="no picture yet"):
            figures.preview()


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (TrainingError("the loss is nan at step 3"), "the loss is nan at step 3"),
            (ValueError("steps must be positive"), "steps must be positive"),
            (KeyError("there is no label x"), "there is no label x"),
            (MemoryError(), "MemoryError"),
            (DatasetError("the file is damaged"), "the file is damaged"),
        ],
        ids=lambda value: type(value).__name__,
    )
    @pytest.mark.parametrize("processes", [1, 2])
    def test_an_error_of_a_cell_has_its_own_words(self, error, message, processes, dataset, folder):
        cells = {key: Cell(functools.partial(fail, error=error)) for key in KEYS[:2]}
        with pytest.raises(DatasetError) as raised:
            dataset.save(Pieces(cells, processes, "position"))
        failed = "2 of 2 pieces failed so; what others computed is kept"
        assert str(raised.value) == f"{message} ({failed})"
        assert raised.value.__notes__[0].startswith("in position buddy/fold0_seed")
        assert not dataset.exists()

    def test_an_interrupt_is_not_an_error(self, dataset):
        with pytest.raises(KeyboardInterrupt):
            dataset.save({"buddy": Cell(functools.partial(fail, error=KeyboardInterrupt()))})

    def test_a_bad_key_is_told(self, dataset):
        with pytest.raises(DatasetError, match=r"^a key names its file below .*'\.\./x'"):
            dataset.save({"../x": array(1)})

    def test_a_bad_value_is_told_with_its_key(self, dataset):
        with pytest.raises(DatasetError, match="saves a dict of arrays, got list") as raised:
            dataset.save({"buddy": [1]})
        assert raised.value.__notes__ == ["in buddy"]

    def test_something_else_is_refused(self, dataset):
        with pytest.raises(DatasetError, match=r"saves a mapping .* or a Store, got list"):
            dataset.save([1])

    def test_a_store_of_other_contents_is_refused(self, dataset, tmp_path):
        dataset.save(pieces())
        tables = StoreDataset(path=tmp_path / "tables", contents="tables")
        with pytest.raises(DatasetError, match=r"keeps tables, but got .*ArraysFormat"):
            tables.save(dataset.load())
        assert not tables.exists()

    def test_a_folder_without_index_is_not_finished(self, dataset, folder):
        folder.mkdir(parents=True)
        with pytest.raises(DatasetError, match=r"embeddings has no index\.json.*run the pipeline"):
            dataset.load()

    def test_a_damaged_index_says_so_and_stops_before_computing(self, dataset, folder):
        folder.mkdir(parents=True)
        (folder / "index.json").write_text('{"fold0_seed1": ')
        with pytest.raises(DatasetError, match=r"index\.json is not a readable index.*delete it"):
            dataset.load()
        with pytest.raises(DatasetError, match="is not a readable index"):
            dataset.save(pieces())
        assert files(folder) == ["index.json"]

    def test_a_file_in_place_of_the_folder_says_so(self, dataset, folder):
        folder.parent.mkdir(parents=True)
        folder.write_text("")
        with pytest.raises(DatasetError, match=r"embeddings is a file, .* needs a folder"):
            dataset.load()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"contents": "pickles"}, "contents must be one of recordings, arrays"),
            ({"contents": "arrays", "suffix": ".h5"}, r"suffix of arrays must be \.npz"),
            ({"contents": "arrays", "index": "../index.json"}, "index of StoreDataset is the name"),
            ({"contents": "arrays", "index": "index"}, "index of StoreDataset is the name"),
        ],
    )
    def test_bad_options_are_refused_at_once(self, options, message, folder):
        with pytest.raises(DatasetError, match=message):
            StoreDataset(path=folder, **options)

    def test_remote_paths_are_refused(self):
        with pytest.raises(DatasetError, match="StoreDataset must be a file on this machine"):
            StoreDataset(path="s3://bucket/data", contents="arrays")


class TestInKedro:
    def test_a_pattern_in_a_catalog_resolves(self, tmp_path):
        config = {
            "{experiment}.recordings": {
                "type": "cebra_kedro.io.StoreDataset",
                "path": f"{tmp_path}/{{experiment}}",
                "contents": "recordings",
                "suffix": "/recording.h5",
                "metadata": {"kedro-viz": {"layer": "intermediate"}},
            }
        }
        dataset = DataCatalog.from_config(config)["hippocampus.recordings"]
        assert dataset._filepath == tmp_path / "hippocampus"
        assert dataset.metadata == {"kedro-viz": {"layer": "intermediate"}}
        assert dataset.index == tmp_path / "hippocampus" / "index.json"
        assert dataset.contents == "recordings"
        assert "suffix='/recording.h5'" in repr(dataset)

    def test_the_configuration_is_given_back(self, dataset, folder):
        config = dataset._init_config()
        again = AbstractDataset.from_config("again", config)
        assert again._describe() == dataset._describe()

    def test_a_dataset_is_picklable(self, dataset, folder):
        figures = StoreDataset(path=folder, contents="figures")
        figures.save({"a": Figure()})
        assert pickle.loads(pickle.dumps(figures)).preview() == figures.preview()
        assert pickle.loads(pickle.dumps(dataset))._describe() == dataset._describe()

    def test_a_run_hands_stores_from_node_to_node(self, folder, tmp_path):
        catalog = DataCatalog(
            {
                "embeddings": StoreDataset(path=folder, contents="arrays"),
                "all": StoreDataset(path=tmp_path / "all", contents="arrays"),
            }
        )
        pipeline = Pipeline(
            [
                node(pieces, None, "embeddings", name="embed"),
                node(lambda store: Store.union({"a": store}), "embeddings", "all", name="join"),
            ]
        )
        SequentialRunner().run(pipeline, catalog, hook_manager=_NullPluginManager())
        assert content(catalog.load("all")) == {f"a/{key}": 1 for key in KEYS}

    def test_a_killed_index_is_the_old_one(self, dataset, folder, monkeypatch):
        dataset.save(pieces())
        before = (folder / "index.json").read_bytes()
        monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(DatasetError, match="disk full"):
            dataset.save(pieces(["buddy/x"], value=2))
        assert (folder / "index.json").read_bytes() == before
        json.loads(before)
