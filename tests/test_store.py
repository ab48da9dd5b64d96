"""A store reads one value at a time, and only what its index names."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.cells import Cell, Entry, complete
from cebra_kedro.store import Store, first_part, natural_order, read_index

KEYS = ["buddy/fold0_seed0", "buddy/fold2_seed0", "buddy/fold10_seed0", "cicero/fold0_seed0"]


@dataclass(frozen=True)
class TextFormat:
    """Texts with the fingerprint in the first line."""

    suffix: str = ".txt"
    optional: bool = False

    def write(self, path, value, fingerprint):
        path.write_text(f"{fingerprint}\n{value}")

    def read(self, path):
        return path.read_text().split("\n", 1)[1]

    def fingerprint(self, path):
        return path.read_text().split("\n", 1)[0]

    def about(self, path):
        return {"letters": len(self.read(path))}

    def beside(self):
        return {}


class OtherFormat(TextFormat):
    """Of another kind."""


def texts(folder, keys=KEYS, fingerprint="one"):
    cells = {key: Cell(lambda _, key=key: key.upper(), fingerprint) for key in keys}
    return Store(TextFormat(), complete(cells, folder, TextFormat()))


@pytest.fixture
def store(tmp_path):
    return texts(tmp_path / "texts")


def test_values_are_read_when_they_are_asked_for(store, tmp_path):
    assert dict(store) == {key: key.upper() for key in KEYS}
    file = store.path("buddy/fold0_seed0")
    assert file == tmp_path / "texts" / "buddy" / "fold0_seed0.txt"
    file.write_text("one\nchanged")
    assert store["buddy/fold0_seed0"] == "changed"  # nothing is kept
    file.unlink()
    assert "buddy/fold0_seed0" in store
    assert len(store) == 4
    with pytest.raises(FileNotFoundError, match=r"fold0_seed0\.txt does not exist.*run the pipe"):
        store["buddy/fold0_seed0"]


def test_facts_are_there_without_reading(store):
    store.path("buddy/fold0_seed0").unlink()
    assert store.fingerprint("buddy/fold0_seed0") == "one"
    assert store.about("buddy/fold0_seed0") == {"letters": 17}


def test_a_file_of_another_run_is_refused(store, tmp_path):
    texts(tmp_path / "texts", KEYS[:1], "two")
    with pytest.raises(ValueError, match=r"fold0_seed0\.txt was computed from other data"):
        store[KEYS[0]]
    assert store[KEYS[1]] == KEYS[1].upper()


@pytest.mark.parametrize("fingerprint", ["one", None])
def test_a_damaged_file_is_named_with_a_remedy(tmp_path, fingerprint):
    """Readers of HDF5, zip archives and JSON do not say which file it is."""
    file = tmp_path / "fold0.txt"
    file.write_bytes(b"\xff")
    store = Store(TextFormat(), {"fold0": Entry(file, fingerprint, {})})
    with pytest.raises(ValueError, match=rf"{file} cannot be read \(Unicode.*; run the pipeline"):
        store["fold0"]


def test_an_unknown_key_says_which_there_are(store):
    with pytest.raises(KeyError, match=r"no 'gatsby' in this store; it has buddy/fold0_seed0, "):
        store["gatsby"]
    with pytest.raises(KeyError, match="it has none"):
        store.below("gatsby")["fold0_seed0"]
    assert store.get("gatsby") is None
    assert 3 not in store


def test_keys_are_in_natural_order(store):
    assert list(Store(TextFormat(), dict(reversed(store.entries.items())))) == KEYS


NAMES = st.lists(st.text("ab01_", min_size=1, max_size=4), min_size=1, max_size=3).map("/".join)


@given(st.lists(NAMES, unique=True), st.integers(0, 10**6), st.integers(0, 10**6))
def test_natural_order_is_an_order_in_which_numbers_count(keys, one, other):
    backwards = list(reversed(keys))
    assert sorted(keys, key=natural_order) == sorted(backwards, key=natural_order)
    smaller, larger = sorted([one, other])
    ordered = sorted([f"s/fold{larger}_seed0", f"s/fold{smaller}_seed9"], key=natural_order)
    assert one == other or ordered == [f"s/fold{smaller}_seed9", f"s/fold{larger}_seed0"]


def test_below_takes_first_parts_away(store):
    buddy = store.below("buddy")
    assert list(buddy) == ["fold0_seed0", "fold2_seed0", "fold10_seed0"]
    assert buddy["fold10_seed0"] == "BUDDY/FOLD10_SEED0"
    assert list(store.below("bud")) == []
    assert list(store.below()) == KEYS


def test_a_union_has_the_same_files(store, tmp_path):
    other = texts(tmp_path / "others", KEYS[:2])
    union = Store.union({"position": store, "time": other})
    assert list(union) == [f"position/{key}" for key in KEYS] + [f"time/{key}" for key in KEYS[:2]]
    assert union.path("time/buddy/fold2_seed0") == other.path("buddy/fold2_seed0")
    assert dict(union.below("position", "buddy")) == dict(store.below("buddy"))
    assert dict(union.below("position").below("buddy")) == dict(store.below("buddy"))


def test_a_union_of_different_kinds_is_refused(store):
    other = Store(OtherFormat(), store.entries)
    with pytest.raises(ValueError, match="got OtherFormat, TextFormat"):
        Store.union({"a": store, "b": other})
    with pytest.raises(ValueError, match="got no store"):
        Store.union({})


def test_a_union_whose_keys_meet_is_refused(store):
    with pytest.raises(ValueError, match="become the same"):
        Store.union({"a/buddy": store.below("buddy"), "a": store})


def test_stores_in_one_place_with_other_suffixes_can_be_put_together(store, tmp_path):
    format = TextFormat("/text.txt")
    entries = complete({"buddy": Cell(lambda _: "B", "one")}, tmp_path, format)
    union = Store.union({"a": store, "b": Store(format, entries)})
    assert union["b/buddy"] == "B"


def test_only_paths_are_pickled(store):
    content = pickle.dumps(store)
    assert b"BUDDY" not in content
    assert dict(pickle.loads(content)) == dict(store)


def test_a_comparison_and_a_printed_store_read_nothing(store):
    for key in store:
        store.path(key).unlink()
    assert store == store  # noqa: PLR0124
    assert store != Store(store.format, store.entries)
    assert len({store}) == 1
    assert repr(store).startswith("Store(TextFormat, 4 keys: buddy/fold0_seed0, ")


class TestIndex:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "texts" / "index.json"

    def test_what_is_written_is_read(self, store, path):
        store.write_index(path)
        read = read_index(path, TextFormat())
        assert list(read) == KEYS
        assert read.entries == store.entries
        assert dict(read) == dict(store)

    def test_it_is_readable_json_and_files_are_relative(self, store, path):
        store.write_index(path)
        content = json.loads(path.read_text())
        assert list(content) == KEYS
        assert content["buddy/fold10_seed0"] == {
            "file": "buddy/fold10_seed0.txt",
            "fingerprint": "one",
            "about": {"letters": 18},
        }

    def test_files_elsewhere_are_found(self, store, tmp_path):
        index = tmp_path / "union" / "deep" / "index.json"
        union = Store.union({"position": store})
        union.write_index(index)
        assert "../../texts/" in index.read_text()
        read = read_index(index, TextFormat())
        assert read.entries == union.entries

    def test_the_folder_may_be_moved(self, store, path, tmp_path):
        store.write_index(path)
        moved = (tmp_path / "texts").rename(tmp_path / "moved")
        assert dict(read_index(moved / "index.json", TextFormat())) == {k: k.upper() for k in KEYS}

    def test_equal_stores_give_equal_files(self, store, path, tmp_path):
        store.write_index(path)
        other = tmp_path / "texts" / "other.json"
        Store(TextFormat(), dict(reversed(store.entries.items()))).write_index(other)
        assert path.read_bytes() == other.read_bytes()

    @pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": {"file": "a.txt"}}'])
    def test_what_is_no_index_is_refused(self, content, tmp_path):
        (tmp_path / "index.json").write_text(content)
        with pytest.raises(ValueError, match=r"is not an index of files|Expecting value"):
            read_index(tmp_path / "index.json", TextFormat())


def test_the_first_part_is_the_session():
    assert [first_part(key) for key in ("buddy", "buddy/fold0", "VISp/ca/fold0")] == [
        "buddy",
        "buddy",
        "VISp",
    ]
