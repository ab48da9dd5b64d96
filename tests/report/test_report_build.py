"""The page: what it shows, what it refuses to show as markup, and that it needs nothing else."""

import json
import re
import struct
import zlib
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.report import build_report

COLUMNS = [
    *("experiment", "subject", "variant", "fold", "seed"),
    *("decoder", "metric", "value", "unit"),
]
RUN = "2026-01-05T10.11.12.345Z"
VOID_TAGS = {"meta", "img", "br", "hr", "link", "input"}


class Document(HTMLParser):
    """Tags with attributes, rows of all tables, and text, of a page whose tags must balance."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.rows, self.words, self._open = [], [], [], []
        self.feed(html)
        self.close()
        assert self._open == [], f"never closed: {self._open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID_TAGS:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" in self._open:
            return
        self.words.append(data)
        if "td" in self._open or "th" in self._open:
            self.rows[-1][-1] += data

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def row(self, name, nth=0):
        rows = [[" ".join(cell.split()) for cell in row] for row in self.rows]
        return [row for row in rows if row and row[0] == name][nth]

    def badges(self):
        return [
            a["class"].split()[1]
            for a in self.attributes("span")
            if a.get("class", "").startswith("badge")
        ]


def png(width=40, height=30):
    """A valid grey PNG of the given size in pixels."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\x00" + b"\x80" * width) * height)
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + end


def scores(subject, variants=("position", "time", "time_transductive"), seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for variant in variants:
        for fold, model_seed in np.ndindex(3, 2):
            run = ("hippocampus", subject, variant, fold, model_seed)
            rows += [
                (*run, "knn", "position_error_median", rng.uniform(0.1, 0.3), "m"),
                (*run, "knn", "chance_position_error_median", rng.uniform(0.39, 0.41), "m"),
                (*run, "knn", "direction_accuracy", rng.uniform(70, 90), "%"),
                (*run, "", "goodness_of_fit", rng.uniform(0.5, 1.2), "bits"),
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def origin(run_id=RUN, environment="base", simulated=True, **more):
    return {
        "run_id": run_id,
        "environment": environment,
        "finished_at": "2026-01-05T10:20:00.250+00:00",
        "simulated": simulated,
        **more,
    }


def manifest(**changes):
    return {
        "run_id": RUN,
        "started_at": "2026-01-05T10:11:12+00:00",
        "finished_at": "2026-01-05T11:13:15+00:00",
        "pipelines": ["hippocampus"],
        "namespaces": [],
        "environment": "base",
        "command": "kedro run --pipeline hippocampus",
        "git_commit": "0123456789abcdef",
        "git_dirty": False,
        "python": "3.11.9",
        "platform": "Linux",
        "device": "cpu",
        "packages": {"torch": "2.9.0", "cebra": "0.6.1"},
        "parameters": {"hippocampus": {"training": {"steps": 1000}}},
        "seeds": [0, 1],
        "raw_files": [],
        "node_seconds": {"fast": 1.0, "slow": 3661.5},
        "status": "finished",
        "failed_node": None,
        **changes,
    }


@pytest.fixture
def folder(tmp_path):
    """Two rats with scores and figures, a consistency table, a manifest and provenance."""
    provenance = {}
    experiment = tmp_path / "hippocampus"
    for number, subject in enumerate(("achilles", "buddy")):
        (experiment / subject).mkdir(parents=True)
        scores(subject, seed=number).to_csv(experiment / subject / "metrics.csv", index=False)
        (experiment / subject / "embedding_grid.png").write_bytes(png(90, 30))
        for name in ("metrics.csv", "embedding_grid.png"):
            provenance[f"hippocampus/{subject}/{name}"] = origin()
    (experiment / "error_by_variant.png").write_bytes(png())
    (experiment / "consistency.csv").write_text(
        "experiment,between,source,target,r2\n"
        "hippocampus,subjects,achilles,buddy,0.9671\n"
        "hippocampus,subjects,buddy,achilles,0.8329\n"
    )
    (tmp_path / "run_manifest.json").write_text(json.dumps(manifest()))
    write_provenance(tmp_path, provenance)
    return tmp_path


def write_provenance(folder, changes):
    path = folder / "provenance.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**before, **changes}))


def write_manifest(folder, **changes):
    (folder / "run_manifest.json").write_text(json.dumps(manifest(**changes)))


def page(folder):
    return Document(build_report(folder).read_text(encoding="utf-8"))


def test_page_is_written_into_the_folder_and_nothing_is_left_beside_it(folder):
    before = set(folder.iterdir())
    path = build_report(folder)
    assert path == folder / "report.html"
    assert set(folder.iterdir()) - before == {path}


def test_the_same_content_gives_the_same_bytes(folder):
    first = build_report(folder).read_bytes()
    assert build_report(folder).read_bytes() == first


def test_scores_equal_the_means_and_spreads_of_pandas(folder):
    document = page(folder)
    for nth, subject in enumerate(("achilles", "buddy")):
        table = pd.read_csv(folder / "hippocampus" / subject / "metrics.csv")
        for variant in ("position", "time"):
            values = table[table["variant"] == variant].groupby("metric")["value"]
            mean, sd = values.mean(), values.std()
            error, accuracy, fit = "position_error_median", "direction_accuracy", "goodness_of_fit"
            # The first row of this name is that of the table over all subjects.
            assert document.row(variant, nth=1 + nth)[1:] == [
                f"{mean[error]:.3f} ± {sd[error]:.3f} chance {mean['chance_' + error]:.3f}, n = 6",
                f"{mean[accuracy]:.1f} ± {sd[accuracy]:.1f} n = 6",
                f"{mean[fit]:.2f} ± {sd[fit]:.2f} n = 6",
            ]


def test_heads_name_metric_unit_direction_and_decoder(folder):
    head = page(folder).row("variant", nth=1)
    assert head[1:] == [
        "median position error (m) ↓ knn",
        "direction accuracy (%) ↑ knn",
        "goodness of fit (bits) ↑",
    ]


def test_all_subjects_stand_beside_each_other_in_the_first_metric(folder):
    document = page(folder)
    assert "All subjects: median position error (m) ↓ knn" in document.text
    row = document.row("position", nth=0)
    means = [
        scores(subject, seed=number).query(
            "variant == 'position' and metric == 'position_error_median'"
        )["value"]
        for number, subject in enumerate(("achilles", "buddy"))
    ]
    assert [cell.split()[0] for cell in row[1:]] == [f"{values.mean():.3f}" for values in means]


def test_transductive_variant_is_marked_and_explained(folder):
    document = page(folder)
    assert document.row("time (transductive: encoder saw test neural data) †", nth=2)
    assert document.text.count("† transductive: the encoder saw") == 3  # overview, two subjects


def test_consistency_is_a_matrix_with_its_mean(folder):
    document = page(folder)
    assert "R² between subjects: mean 0.900 ± 0.095, n = 2" in document.text
    assert document.row("achilles") == ["achilles", "–", "0.967"]
    assert document.row("buddy") == ["buddy", "0.833", "–"]


def test_figures_are_relative_exist_and_have_captions_sizes_and_alternative_text(folder):
    (folder / "hippocampus" / "buddy" / "a name #1 100%.png").write_bytes(png(7, 9))
    document = page(folder)
    pictures = document.attributes("img")
    assert pictures[-1]["src"].startswith("hippocampus/buddy/a%20name"), "unforeseen ones come last"
    assert len(pictures) == 4
    for picture in pictures:
        assert (folder / unquote(picture["src"])).is_file()
        assert picture["alt"]
    assert {(p["width"], p["height"]) for p in pictures} == {("90", "30"), ("40", "30"), ("7", "9")}
    assert "Embeddings of all variants, coloured by position" in document.text
    assert "a name #1 100%" in document.text


def test_page_needs_no_script_and_no_other_file_or_address(folder):
    html = build_report(folder).read_text(encoding="utf-8")
    names = {tag for tag, _ in Document(html).tags}
    assert not names & {"script", "link", "iframe", "object"}
    assert not re.search(r"https?://|url\(|@import", html)


def test_run_facts_are_shown_with_times_and_folded_details(folder):
    write_manifest(folder, git_dirty=True, command=["kedro", "run", "--params", "a=b c"])
    document = page(folder)
    text = document.text
    for part in (
        "kedro run --params 'a=b c'",
        "0123456789abcdef with uncommitted changes",
        "2026-01-05 10:11:12 UTC",
        "1:02:03",
        "Time per node (sum 1:01:02)",
        "cebra 0.6.1 torch 2.9.0",
        '"steps": 1000',
        "seeds 0, 1",
    ):
        assert part in text
    assert text.index("slow 3661.5 s") < text.index("fast 1.0 s")
    assert "namespaces" not in text


def test_failed_run_is_announced_with_its_node(folder):
    assert "failed" not in page(folder).text
    write_manifest(folder, status="failed", failed_node="hippocampus.buddy.time.train")
    assert "The latest run failed in hippocampus.buddy.time.train" in page(folder).text


def test_simulated_results_say_so_and_a_wholly_simulated_page_first_of_all(folder):
    document = page(folder)
    assert "All numbers on this page come from simulated recordings" in document.text
    assert set(document.badges()) == {"simulated"}
    assert "mixes" not in document.text


def test_wholly_real_page_is_not_called_mixed_or_simulated(folder):
    real = {
        f"hippocampus/{subject}/{name}": origin(simulated=False, checksum_status="verified")
        for subject in ("achilles", "buddy")
        for name in ("metrics.csv", "embedding_grid.png")
    }
    write_provenance(folder, real)
    document = page(folder)
    assert set(document.badges()) == {"real"}
    assert "mixes" not in document.text
    assert "simulated" not in document.text


def real_buddy(folder, raw_status="verified", **more):
    changes = {
        f"hippocampus/buddy/{name}": origin(simulated=False, environment="paper", **more)
        for name in ("metrics.csv", "embedding_grid.png")
    }
    write_provenance(folder, changes)
    raw = [
        {
            "dataset": f"hippocampus.{subject}.raw",
            "source": f"{subject}.jl",
            "checksum": "md5:36341322",
            "checksum_status": status,
            "simulated": simulated,
        }
        for subject, status, simulated in (
            ("achilles", None, True),
            ("buddy", raw_status, False),
        )
    ]
    write_manifest(folder, raw_files=raw)


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        ("verified", "real recording (checksum verified)", "real"),
        ("unverified", "real recording (checksum not verified)", "doubtful"),
        ("mismatch", "real recording (checksum does not match)", "doubtful"),
        (None, "real recording (checksum not recorded)", "unchecked"),
    ],
)
def test_real_recordings_are_told_from_simulated_ones_by_their_checksum(
    folder, status, words, kind
):
    real_buddy(folder, status)
    document = page(folder)
    assert words in document.text
    assert kind in document.badges()
    assert "mixes simulated and real recordings" in document.text
    assert "Some subjects on this page are simulated" in document.text
    raw = document.row("hippocampus.buddy.raw")
    assert raw[1:3] == ["buddy.jl", "md5:36341322"]
    assert document.row("hippocampus.achilles.raw")[3] == "simulated"


def test_result_of_an_earlier_run_is_flagged_and_not_judged_by_the_files_of_the_latest(folder):
    real_buddy(folder, "verified", run_id="2025-12-01")
    text = page(folder).text
    assert "from an earlier run run 2025-12-01, environment paper, finished 2026-01-05" in text
    assert "checksum not recorded" in text
    assert "real recording (checksum verified)" not in text


def test_earlier_run_keeps_the_checksum_state_that_its_provenance_recorded(folder):
    real_buddy(folder, "mismatch", run_id="2025-12-01", checksum_status="verified")
    assert "real recording (checksum verified)" in page(folder).text


def test_figure_of_another_run_than_the_scores_of_its_subject_is_flagged(folder):
    write_provenance(folder, {"hippocampus/buddy/embedding_grid.png": origin(run_id="old")})
    document = page(folder)
    assert document.badges().count("earlier") == 1
    assert "run old, environment base" in document.text


def test_shared_table_fills_in_for_subjects_without_a_table_of_their_own(folder):
    both = pd.concat([scores("buddy", seed=99), scores("cicero", seed=5)])
    both.to_csv(folder / "hippocampus" / "metrics.csv", index=False)
    document = page(folder)
    head = document.row("variant", nth=0)
    assert [cell.split()[0] for cell in head[1:]] == ["achilles", "buddy", "cicero"]
    row = document.row("position", nth=0)
    expected = [scores(s, seed=n) for s, n in (("achilles", 0), ("buddy", 1), ("cicero", 5))]
    for cell, table in zip(row[1:], expected, strict=True):
        chosen = table.query("variant == 'position' and metric == 'position_error_median'")
        assert cell.startswith(f"{chosen['value'].mean():.3f} ")


def test_names_from_files_are_never_markup(tmp_path):
    nasty = '<img src=x onerror="alert(1)">&amp;'
    (tmp_path / "a<b>&c").mkdir()
    table = scores(nasty, variants=(f"v{nasty}",)).assign(unit="<u>", decoder="<d>")
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
        "hippocampus/buddy/metrics.csv",
        "hippocampus/error_by_variant.png",
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
        ("hippocampus/buddy/metrics.csv", b"", "No columns"),
        ("hippocampus/buddy/metrics.csv", b"a,b\n1,2\n", "columns subject, variant"),
        ("hippocampus/buddy/metrics.csv", b"\xff\xfe\x00", "codec can't decode"),
        ("hippocampus/consistency.csv", b"between,source,target,r2\na,b,c,high\n", "high"),
        ("hippocampus/error_by_variant.png", b"GIF89a", "not a PNG picture"),
    ],
)
def test_unreadable_file_is_named_and_the_rest_stays(folder, name, content, reason):
    (folder / name).write_bytes(content)
    document = page(folder)
    assert "Files that could not be read" in document.text
    assert f"{name} : " in document.text or f"{name}: " in document.text
    assert reason in document.text
    assert "median position error" in document.text


def test_table_of_another_subject_is_refused(folder):
    scores("gatsby").to_csv(folder / "hippocampus" / "buddy" / "metrics.csv", index=False)
    assert "expected scores of buddy alone, got also gatsby" in page(folder).text


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
    write_provenance(folder, {"hippocampus/buddy/metrics.csv": "by hand"})
    text = page(folder).text
    assert "yesterday" in text
    assert "which run made this is not recorded" in text
    assert '{"buddy": [0, 1]}' in text


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
