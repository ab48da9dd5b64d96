"""A reporting folder as a run leaves it."""

import json

import pytest
from fabricated_report import manifest, origin, png, scores, write_provenance


@pytest.fixture
def folder(tmp_path):
    """Two rats with scores and figures, a consistency table, a manifest and provenance."""
    provenance = {}
    experiment = tmp_path / "hippocampus"
    for number, subject in enumerate(("achilles", "buddy")):
        (experiment / subject).mkdir(parents=True)
        scores(subject, seed=number).to_csv(experiment / subject / "metrics.csv", index=False)
        (experiment / subject / "embedding.png").write_bytes(png(90, 30))
        for name in ("metrics.csv", "embedding.png"):
            provenance[f"hippocampus/{subject}/{name}"] = origin()
    (experiment / "error.png").write_bytes(png())
    (experiment / "consistency.csv").write_text(
        "experiment,between,source,target,r2\n"
        "hippocampus,subjects,achilles,buddy,0.9671\n"
        "hippocampus,subjects,buddy,achilles,0.8329\n"
    )
    (tmp_path / "run_manifest.json").write_text(json.dumps(manifest()))
    write_provenance(tmp_path, provenance)
    return tmp_path
