"""Missing, unreadable and hostile files never stop the page nor become markup."""

import json

import pandas as pd
import pytest
from fabricated_report import (
    manifest,
    page,
    png,
    scores,
    write_manifest,
    write_provenance,
    write_scores,
)

from cebra_kedro.report import build_report


def test_names_from_files_are_never_markup(tmp_path):
    nasty = '<img src=x onerror="alert(1)">&amp;'
    (tmp_path / "a<b>&c").mkdir()
    table = scores(nasty, variants=(f"v{nasty}",)).assign(unit="<u>", decoder="<d>")
    table = pd.concat([table, table.assign(subject="b&c")])
    table.to_csv(tmp_path / "a<b>&c" / "metrics.csv", index=False)
    (tmp_path / "a<b>&c" / "<i>.png").write_bytes(png())
    (tmp_path / "run_manifest.json").write_text(
        json.dumps(manifest(command=nasty, packages={nasty: nasty}, parameters={nasty: nasty}))
    )
    document = page(tmp_path)
    assert not {tag for tag, _ in document.tags} & {"b", "i", "u", "d"}
    assert not any("onerror" in a for _, a in document.tags)
    assert len(document.attributes("img")) == 1
    assert nasty in document.text
    assert "a<b>&c" in document.text


def test_names_in_a_table_never_lead_out_of_the_folder(tmp_path):
    (tmp_path / "outside.png").write_bytes(png())
    reporting = tmp_path / "reporting"
    (reporting / "hippocampus").mkdir(parents=True)
    names = ["..", "../..", str(tmp_path), ""]
    tables = pd.concat([scores(name) for name in names])
    tables.to_csv(reporting / "hippocampus" / "metrics.csv", index=False)
    assert page(reporting).attributes("img") == []


def test_empty_folder_gives_a_page_that_says_what_to_do(tmp_path):
    text = page(tmp_path).text
    assert "no results in this folder yet" in text
    assert "kedro run" in text


@pytest.mark.parametrize(
    "missing",
    [
        "run_manifest.json",
        "provenance.json",
        "hippocampus/consistency.csv",
        "hippocampus/metrics.csv",
        "hippocampus/scores.png",
    ],
)
def test_any_missing_file_is_left_out(folder, missing):
    (folder / missing).unlink()
    document = page(folder)
    assert "could not be read" not in document.text
    assert "achilles" in document.text


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("run_manifest.json", b"{", "Expecting"),
        ("provenance.json", b"[]", "expected a JSON object, got list"),
        ("hippocampus/metrics.csv", b"", "No columns"),
        ("hippocampus/metrics.csv", b"a,b\n1,2\n", "columns experiment, subject, variant"),
        ("hippocampus/metrics.csv", b"\xff\xfe\x00", "codec can't decode"),
        ("hippocampus/consistency.csv", b"between,source,target,r2\na,b,c,high\n", "high"),
        ("hippocampus/scores.png", b"GIF89a", "not a PNG picture"),
    ],
)
def test_unreadable_file_is_named_and_the_rest_stays(folder, name, content, reason):
    (folder / "another").mkdir()
    scores("buddy").to_csv(folder / "another" / "metrics.csv", index=False)
    (folder / name).write_bytes(content)
    document = page(folder)
    assert "Files that could not be read" in document.text
    assert f"{name} : " in document.text or f"{name}: " in document.text
    assert reason in document.text
    assert "median position error" in document.text
    assert "hippocampus/buddy/embedding.png" in document.text
    assert document.attributes("img")


def test_a_session_called_na_is_a_session_like_others(folder):
    write_scores(folder, scores("NA"), scores("buddy"))
    assert page(folder).row("variant", nth=0)[1].split()[0] == "NA"


def test_odd_values_in_manifest_and_provenance_do_not_stop_the_page(folder):
    write_manifest(
        folder,
        packages=["torch"],
        node_seconds={"a": "long"},
        raw_files=["x"],
        started_at="yesterday",
        seeds={"buddy": [0, 1]},
        device={"name": "cuda"},
    )
    write_provenance(folder, {"hippocampus/metrics.csv#buddy": "by hand"})
    text = page(folder).text
    assert "yesterday" in text
    assert "which run made this is not recorded" in text
    assert "seeds buddy: 0, 1" in text


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(NotADirectoryError, match="run a pipeline first"):
        build_report(tmp_path / "nowhere")


def test_interrupted_writing_keeps_the_page_there_was(folder, monkeypatch):
    before = build_report(folder).read_bytes()
    write_manifest(folder, command="another")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        build_report(folder)
    assert (folder / "report.html").read_bytes() == before
    assert [p.name for p in folder.iterdir() if p.suffix == ".tmp"] == []
