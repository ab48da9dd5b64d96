"""Badges: simulated or real, this run or an earlier one."""

import json

import pytest
from fabricated_report import origin, page, write_manifest, write_provenance


def test_simulated_results_say_so_and_a_wholly_simulated_page_first_of_all(folder):
    document = page(folder)
    assert "All numbers on this page come from simulated recordings" in document.text
    assert set(document.badges()) == {"simulated"}
    assert "mixes" not in document.text


def test_wholly_real_page_is_not_called_mixed_or_simulated(folder):
    real = {
        f"hippocampus/{file}": origin(simulated=False, checksum_status="verified")
        for subject in ("achilles", "buddy")
        for file in (f"metrics.csv#{subject}", f"{subject}/embedding.png")
    }
    write_provenance(folder, real)
    document = page(folder)
    assert set(document.badges()) == {"real"}
    assert "mixes" not in document.text
    assert "simulated" not in document.text


def real_buddy(folder, raw_status="verified", **more):
    changes = {
        f"hippocampus/{file}": origin(simulated=False, environment="paper", **more)
        for file in ("metrics.csv#buddy", "buddy/embedding.png")
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
    assert "Some sessions on this page are simulated" in document.text
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
    write_provenance(folder, {"hippocampus/buddy/embedding.png": origin(run_id="old")})
    document = page(folder)
    assert document.badges().count("earlier") == 1
    assert "run old, environment base" in document.text


def test_rows_of_an_earlier_run_in_the_table_of_the_latest_are_flagged_for_their_session(folder):
    write_provenance(folder, {"hippocampus/metrics.csv#buddy": origin(run_id="2025-12-01")})
    head = [" ".join(cell.split()) for cell in page(folder).rows[0]]
    assert head[1:] == ["achilles", "buddy simulated from an earlier run"]


def test_session_without_an_entry_of_its_own_has_that_of_the_table(folder):
    path = folder / "provenance.json"
    entries = json.loads(path.read_text())
    del entries["hippocampus/metrics.csv#buddy"]
    entries["hippocampus/metrics.csv"] = origin(run_id="whole", simulated=False)
    path.write_text(json.dumps(entries))
    head = [" ".join(cell.split()) for cell in page(folder).rows[0]]
    assert head[1:] == [
        "achilles simulated",
        "buddy real recording (checksum not recorded) from an earlier run",
    ]


def test_what_is_suspected_of_a_recording_stands_with_its_size(folder):
    about = {
        "dataset": "hippocampus.recordings",
        "n_time": 6577,
        "n_neurons": 48,
        "n_trials": 84,
        "bin_width_s": 0.025,
        "suspicions": ["1 of 48 neurons (3) is silent"],
    }
    write_provenance(folder, {"../02_intermediate/hippocampus/index.json#buddy": about})
    document = page(folder)
    assert "6577 bins of 25 ms (2 min 44 s) in 84 trials, 48 neurons" in document.text
    assert document.text.count("1 of 48 neurons (3) is silent") == 1
    assert document.text.count("Look at these before you trust the results") == 1
