"""The page: what it shows and that it needs nothing else."""

import re
from urllib.parse import unquote

import pandas as pd
from fabricated_report import Document, page, png, scores, write_manifest, write_scores

from cebra_kedro.plots import style
from cebra_kedro.plots.figures import CAPTIONS
from cebra_kedro.report import build_report

PCA = style.variant_label("pca", long=True)


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
    metrics = pd.read_csv(folder / "hippocampus" / "metrics.csv")
    for nth, subject in enumerate(("achilles", "buddy")):
        table = metrics[metrics["subject"] == subject]
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
    head = page(folder).row("variant", nth=2)
    assert head[1:] == [
        "median position error (m) ↓ knn",
        "direction accuracy (%) ↑ knn",
        "goodness of fit (bits) ↑",
    ]


def test_all_subjects_stand_beside_each_other_in_the_first_metric(folder):
    document = page(folder)
    assert "All sessions: median position error (m) ↓ knn" in document.text
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
    assert document.row("all") == ["all", "0.900 ± 0.095 n = 2"]
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
    assert CAPTIONS["embedding"] in document.text
    assert "a name #1 100%" in document.text


def test_a_figure_wider_than_a_column_has_a_row_of_its_own_however_high_it_is(folder):
    widest = round(style.NORMAL_INCHES * style.DPI)
    for name, width in (("column", widest), ("row", widest + 1)):
        for height in (50, 5000):
            (folder / "hippocampus" / f"{name}_{height}.png").write_bytes(png(width, height))
    document = page(folder)
    figures, pictures = document.attributes("figure"), document.attributes("img")
    wide = {
        picture["src"].rpartition("/")[2]
        for figure, picture in zip(figures, pictures, strict=True)
        if figure.get("class") == "wide"
    }
    assert wide == {"row_50.png", "row_5000.png"}


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


def test_sessions_variants_and_metrics_stand_in_the_order_of_the_table(folder):
    one, other = scores("zeno", ("zebra", "pca", "apple")), scores("achilles", ("apple", "time"))
    write_scores(folder, one.iloc[::-1], other)
    document = page(folder)
    head = [cell.split()[0] for cell in document.row("variant", nth=0)[1:]]
    assert head == ["zeno", "achilles", "buddy"], "a session with figures only comes last"
    first_cells = [row[0].strip() for row in document.rows if row[0].strip() != "variant"]
    assert first_cells[:4] == ["apple", PCA, "zebra", "time"]
    heads = document.row("variant", nth=2)[1:]
    assert [head.split(" (")[0] for head in heads] == [
        "goodness of fit",
        "direction accuracy",
        "median position error",
    ]


def test_a_session_of_which_only_classes_are_decoded_has_a_table(folder):
    classes = scores("classes").query("metric == 'direction_accuracy'")
    write_scores(folder, classes.assign(metric="odour_balanced_accuracy"), scores("buddy"))
    document = page(folder)
    assert document.row("variant", nth=1)[1:] == ["balanced odour accuracy (%) ↑ knn"]
    mean = classes.loc[classes["variant"] == "time", "value"].mean()
    assert document.row("time", nth=0)[1].startswith(f"{mean:.1f} ± ")


def test_a_transfer_between_sessions_is_a_subject_with_scores_and_no_figures(folder):
    transfer = scores("achilles_to_buddy", ("position",), seed=3)
    write_scores(folder, scores("achilles", seed=0), scores("buddy", seed=1), transfer)
    row = page(folder).row("position", nth=0)
    values = transfer.query("metric == 'position_error_median'")["value"]
    assert row[3].startswith(f"{values.mean():.3f} ± {values.std():.3f}")


def test_many_sessions_and_variants_are_all_there(folder):
    variants = [f"encoder_{number}" for number in range(40)]
    sessions = [f"day_{number}" for number in range(60)]
    write_scores(folder, *(scores(name, variants, seed=n) for n, name in enumerate(sessions)))
    document = page(folder)
    assert [cell.split()[0] for cell in document.row("variant")[1:]] == [
        *sessions,
        "achilles",
        "buddy",
    ]
    for variant in variants:
        assert len(document.row(variant.replace("_", " "))) == 1 + len(sessions) + 2
