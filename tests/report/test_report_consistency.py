"""Consistency on the page: means by variant, matrices between subjects."""

import itertools

import numpy as np
import pandas as pd

from cebra_kedro.report.consistency import consistency_tables

RATS = ("achilles", "buddy", "cicero")


def pairs():
    """R² between three rats (one run each) and between three seeds of each, for two variants."""
    rng = np.random.default_rng(4)
    rows = []
    for variant in ("pca", "time_transductive"):
        for a, b in itertools.permutations(RATS, 2):
            names = (f"{a}/{variant}/fold0_seed0", f"{b}/{variant}/fold0_seed0")
            rows.append(("subjects", *names, rng.uniform()))
        for rat, (a, b) in itertools.product(RATS, itertools.permutations(range(3), 2)):
            names = (f"{rat}/{variant}/fold0_seed{a}", f"{rat}/{variant}/fold0_seed{b}")
            rows.append(("seeds", *names, rng.uniform()))
    return pd.DataFrame(rows, columns=["between", "source", "target", "r2"])


def test_means_stand_by_variant_and_kind_of_pair():
    table = pairs()
    found = consistency_tables(table)
    assert found.columns == ("between subjects", *(f"between seeds of {rat}" for rat in RATS))
    assert [row.label for row in found.rows] == [
        "time (transductive: encoder saw test neural data)",
        "PCA of neural activity",
    ]
    assert [row.mark for row in found.rows] == [" †", ""]
    pca = table[table["source"].str.contains("/pca/")]
    subjects = pca.loc[pca["between"] == "subjects", "r2"]
    buddy = pca.loc[(pca["between"] == "seeds") & pca["source"].str.startswith("buddy"), "r2"]
    for cell, r2, n in ((found.rows[1].cells[0], subjects, 6), (found.rows[1].cells[2], buddy, 6)):
        assert (cell.mean, cell.sd, cell.n) == (f"{r2.mean():.3f}", f"{r2.std():.3f}", n)


def test_only_pairs_of_subjects_have_a_matrix_from_row_to_column():
    table = pairs()
    found = {matrix.title: matrix for matrix in consistency_tables(table).matrices}
    title = "between subjects: PCA of neural activity"
    assert len(found) == 2
    matrix = found[title]
    assert matrix.sources == matrix.targets == RATS
    for (i, a), (j, b) in itertools.product(enumerate(RATS), repeat=2):
        named = table["source"].str.startswith(f"{a}/pca") & table["target"].str.startswith(
            f"{b}/pca"
        )
        r2 = table.loc[named & (table["between"] == "subjects"), "r2"]
        assert matrix.cells[i][j] == ("–" if a == b else f"{r2.item():.3f}")


def test_kinds_of_encoders_of_a_subject_have_a_matrix_and_no_mean():
    kinds = [
        ("kinds", f"{rat}/{a}/fold0_seed0", f"{rat}/{b}/fold0_seed0", r2)
        for rat in RATS[:2]
        for a, b, r2 in (("pca", "time_transductive", 0.25), ("time_transductive", "pca", 0.75))
    ]
    table = pairs()
    both = consistency_tables(pd.concat([table, pd.DataFrame(kinds, columns=table.columns)]))
    alone = consistency_tables(table)
    assert (both.columns, both.rows) == (alone.columns, alone.rows)
    matrices = {matrix.title: matrix for matrix in both.matrices}
    for rat in RATS[:2]:
        matrix = matrices[f"between kinds of {rat}"]
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


def test_variants_compared_with_each_other_keep_their_full_names():
    table = pd.DataFrame(
        [("modalities", "VISp/ca/r0", "VISp/neuropixels/r0", 0.8)],
        columns=["between", "source", "target", "r2"],
    )
    (matrix,) = consistency_tables(table).matrices
    assert (matrix.sources, matrix.targets) == (("VISp/ca/r0",), ("VISp/neuropixels/r0",))


def test_no_pairs_no_table():
    assert consistency_tables(pairs().iloc[:0]) is None
