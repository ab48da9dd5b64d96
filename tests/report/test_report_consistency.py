"""Consistency on the page: means by variant, matrices between sessions."""

import itertools

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.plots import style
from cebra_kedro.report.consistency import consistency_tables

PCA = style.variant_label("pca", long=True)
RATS = ("achilles", "buddy", "cicero")


def pairs():
    """R² between three rats (one run each) and between three seeds of each, for two variants."""
    rng = np.random.default_rng(4)
    rows = []
    for variant in ("pca", "time_transductive"):
        for a, b in itertools.permutations(RATS, 2):
            names = (f"{a}/{variant}/fold0_seed0", f"{b}/{variant}/fold0_seed0")
            rows.append(("sessions", *names, rng.uniform()))
        for rat, (a, b) in itertools.product(RATS, itertools.permutations(range(3), 2)):
            names = (f"{rat}/{variant}/fold0_seed{a}", f"{rat}/{variant}/fold0_seed{b}")
            rows.append(("seeds", *names, rng.uniform()))
    return pd.DataFrame(rows, columns=["between", "source", "target", "r2"])


def test_means_stand_by_variant_and_kind_of_pair():
    table = pairs()
    found = consistency_tables(table)
    assert found.columns == ("between sessions", *(f"between seeds of {rat}" for rat in RATS))
    assert [row.label for row in found.rows] == [
        PCA,
        "time (transductive: encoder saw test neural data)",
    ]
    assert [row.mark for row in found.rows] == ["", " †"]
    pca = table[table["source"].str.contains("/pca/")]
    sessions = pca.loc[pca["between"] == "sessions", "r2"]
    buddy = pca.loc[(pca["between"] == "seeds") & pca["source"].str.startswith("buddy"), "r2"]
    for cell, r2, n in ((found.rows[0].cells[0], sessions, 6), (found.rows[0].cells[2], buddy, 6)):
        assert (cell.mean, cell.sd, cell.n) == (f"{r2.mean():.3f}", f"{r2.std():.3f}", n)


def test_only_pairs_of_sessions_have_a_matrix_from_row_to_column():
    table = pairs()
    found = {matrix.title: matrix for matrix in consistency_tables(table).matrices}
    title = f"between sessions: {PCA}"
    assert len(found) == 2
    matrix = found[title]
    assert matrix.sources == matrix.targets == RATS
    for (i, a), (j, b) in itertools.product(enumerate(RATS), repeat=2):
        named = table["source"].str.startswith(f"{a}/pca") & table["target"].str.startswith(
            f"{b}/pca"
        )
        r2 = table.loc[named & (table["between"] == "sessions"), "r2"]
        assert matrix.cells[i][j] == ("–" if a == b else f"{r2.item():.3f}")


def test_encoders_of_a_session_have_a_matrix_and_no_mean():
    encoders = [
        ("encoders", f"{rat}/{a}/fold0_seed0", f"{rat}/{b}/fold0_seed0", r2)
        for rat in RATS[:2]
        for a, b, r2 in (("pca", "time_transductive", 0.25), ("time_transductive", "pca", 0.75))
    ]
    table = pairs()
    both = consistency_tables(pd.concat([table, pd.DataFrame(encoders, columns=table.columns)]))
    alone = consistency_tables(table)
    assert (both.columns, both.rows) == (alone.columns, alone.rows)
    matrices = {matrix.title: matrix for matrix in both.matrices}
    for rat in RATS[:2]:
        matrix = matrices[f"between encoders of {rat}"]
        assert matrix.sources == matrix.targets == ("PCA", "time †")
        assert matrix.cells == (("–", "0.250"), ("0.750", "–"))


def test_other_names_stand_as_they_are():
    table = pd.DataFrame(
        [("brain_areas", "VISp", "VISrl", 0.65), ("brain_areas", "VISrl", "VISp", np.nan)],
        columns=["between", "source", "target", "r2"],
    )
    found = consistency_tables(table)
    assert found.columns == ("between brain areas",)
    (row,) = found.rows
    assert (row.label, row.cells[0].mean, row.cells[0].n_undefined) == ("", "0.650", 1)
    (matrix,) = found.matrices
    assert matrix.title == "between brain areas"
    assert matrix.cells == (("–", "0.650"), ("–", "–"))


def test_encoders_alone_have_their_mean():
    table = pd.DataFrame(
        [
            ("encoders", f"buddy/{a}/fold{fold}_seed0", f"buddy/{b}/fold{fold}_seed0", r2)
            for fold, (a, b, r2) in enumerate([("zebra", "ape", 0.2), ("zebra", "ape", 0.4)])
        ],
        columns=["between", "source", "target", "r2"],
    )
    found = consistency_tables(table)
    assert found.columns == ("between encoders of buddy",)
    assert [(row.label, row.cells[0].mean) for row in found.rows] == [("", "0.300")]
    assert [matrix.cells for matrix in found.matrices] == [(("0.300",),)]


@pytest.mark.parametrize("label", ["position", "head_direction"])
def test_sessions_aligned_by_a_label_stand_in_a_column_of_their_own(label):
    aligned = pairs().query("between == 'sessions'").assign(between=f"sessions_by_{label}")
    found = consistency_tables(pd.concat([pairs(), aligned]))
    name = f"between sessions by {label.replace('_', ' ')}"
    assert found.columns[-1] == name
    for row in found.rows:
        assert row.cells[-1] == row.cells[0]
    titles = [matrix.title for matrix in found.matrices]
    assert f"{name}: {PCA}" in titles


def test_presentations_keep_their_full_names_and_have_one_mean_for_each_kind_of_pair():
    names = [f"{area}/group{g}_ca/fold0_seed0" for area in ("VISp", "VISl") for g in (0, 1)]
    rows = [
        ("groups" if a.split("/")[0] == b.split("/")[0] else "areas", a, b, number / 100)
        for number, (a, b) in enumerate(itertools.permutations(names, 2))
    ]
    table = pd.DataFrame(rows, columns=["between", "source", "target", "r2"])
    found = consistency_tables(table)
    assert found.columns == ("between groups", "between areas")
    (row,) = found.rows
    mean = table.groupby("between")["r2"].mean()
    assert [cell.mean for cell in row.cells] == [f"{mean[k]:.3f}" for k in ("groups", "areas")]
    assert [matrix.title for matrix in found.matrices] == list(found.columns)
    for matrix in found.matrices:
        assert matrix.sources == matrix.targets == tuple(names)


def test_presentations_do_not_take_the_seeds_of_a_variant_apart():
    area = ("areas and modalities", "buddy/ca/fold0_seed0", "cicero/nwb/fold0_seed0", 0.5)
    table = pd.DataFrame([area], columns=pairs().columns)
    found = consistency_tables(pd.concat([pairs(), table]))
    assert found.columns == (*consistency_tables(pairs()).columns, "between areas and modalities")
    assert [row.label for row in found.rows][-1] == ""
    assert [cell.mean for cell in found.rows[-1].cells] == ["", "", "", "", "0.500"]


def test_matrices_stand_in_the_order_of_the_table_and_keep_variants_of_one_label_apart():
    variants = ("zebra", "mice_10frames", "mice_10_frames", "ape")
    table = pd.DataFrame(
        [
            ("encoders", f"buddy/{a}/fold0_seed0", f"buddy/{b}/fold0_seed0", (i * 4 + j) / 100)
            for (i, a), (j, b) in itertools.permutations(enumerate(variants), 2)
        ],
        columns=["between", "source", "target", "r2"],
    )
    (matrix,) = consistency_tables(table).matrices
    assert matrix.sources == matrix.targets == ("zebra", "mice 10 frames", "mice 10 frames", "ape")
    for i, j in itertools.product(range(4), repeat=2):
        assert matrix.cells[i][j] == ("–" if i == j else f"{(i * 4 + j) / 100:.3f}")


def test_no_pairs_no_table():
    assert consistency_tables(pairs().iloc[:0]) is None
