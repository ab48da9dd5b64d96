"""Files that older versions of cebra wrote, in environments of their time, embed as they did there.

``cebra_files/write_cebra_files.py`` wrote them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cebra_kedro.training.export import import_from_cebra

FOLDER = Path(__file__).parent / "cebra_files"
FILES = sorted(FOLDER.glob("*.pt"))
LAWS = {"time": "time", "classes": "discrete", "hybrid": "hybrid"}
ATOL = 1e-5  # float32 sums in another order, for embeddings of size 1


def test_there_are_files_of_each_version_and_both_backends():
    versions = {file.stem.split("_")[0] for file in FILES}
    assert versions == {"0.2.0", "0.3.1", "0.4.0", "0.5.0"}
    assert {file.stem.rsplit("_", 1)[1] for file in FILES} == {"sklearn", "torch"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_embeds_as_where_it_was_written(file):
    model = import_from_cebra(file)
    expected = np.load(file.with_suffix(".npy"))
    assert len(model.n_neurons) == len(expected)
    for session, one in enumerate(expected):
        found = model.transform(np.load(FOLDER / f"neural_{session}.npy"), session=session)
        np.testing.assert_allclose(found, one, atol=ATOL)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_says_how_it_was_trained(file):
    model = import_from_cebra(file)
    name = file.stem.split("_", 1)[1].rsplit("_", 1)[0]
    assert model.config.pairs.law == LAWS.get(name, "time_delta")
    assert (model.config.batch_size, model.config.steps, len(model.loss)) == (16, 3, 3)
    assert np.isfinite(model.history()["goodness_of_fit_bits"]).all()
