"""A reporting folder as a run leaves it."""

import json

import pytest
from fabricated_report import manifest, origin, png, scores, write_provenance, write_scores


@pytest.fixture
def folder(tmp_path):
    """Two rats with scores and figures, a consistency table, a manifest and provenance."""
    provenance = {"hippocampus/metrics.csv": origin()}
    experiment = tmp_path / "hippocampus"
    for subject in ("achilles", "buddy"):
        (experiment / subject).mkdir(parents=True)
        (experiment / subject / "embedding.png").write_bytes(png(90, 30))
        provenance[f"hippocampus/metrics.csv#{subject}"] = origin()
        provenance[f"hippocampus/{subject}/embedding.png"] = origin()
    write_scores(tmp_path, scores("achilles", seed=0), scores("buddy", seed=1))
    (experiment / "scores.png").write_bytes(png())
    (experiment / "consistency.csv").write_text(
        "experiment,between,source,target,r2\n"
        "hippocampus,subjects,achilles,buddy,0.9671\n"
        "hippocampus,subjects,buddy,achilles,0.8329\n"
    )
    (tmp_path / "run_manifest.json").write_text(json.dumps(manifest()))
    write_provenance(tmp_path, provenance)
    return tmp_path
