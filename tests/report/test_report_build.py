"""The page: what it shows and that it needs nothing else."""

import base64
import io
import re

import pandas as pd
from fabricated_report import Document, page, png, scores, write_manifest, write_scores
from PIL import Image

from cebra_kedro.plots import style
from cebra_kedro.plots.figures import CAPTIONS
from cebra_kedro.report import build_report, pictures

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
                f"{mean[error]:.3f} ± {sd[error]:.3f}",
                f"{mean[accuracy]:.1f} ± {sd[accuracy]:.1f}",
                f"{mean[fit]:.2f} ± {sd[fit]:.2f}",
            ]
        of_first = table[table["variant"] == "position"].groupby("metric")["value"].mean()
        chance = f"{of_first['chance_position_error_median']:.3f}"
        assert document.row("chance", nth=1 + nth)[1:] == [chance, "–", "–"]


def test_heads_name_metric_unit_direction_and_decoder(folder):
    document = page(folder)
    assert document.row("variant", nth=1)[1:] == [
        "median position error (m) ↓",
        "direction accuracy (%) ↑",
        "goodness of fit (bits) ↑",
    ]
    assert "Test scores, decoder knn" in document.text


def test_each_decoder_has_a_table_and_what_needs_none_stands_in_the_first(folder):
    ridge = scores("buddy").query("decoder == 'knn'").assign(decoder="ridge")
    write_scores(folder, scores("achilles"), scores("buddy"), ridge)
    document = page(folder)
    heads = [document.row("variant", nth=nth)[1:] for nth in (2, 3)]
    assert ["goodness" in " ".join(head) for head in heads] == [True, False]
    closed = [
        attributes for attributes in document.attributes("details") if "open" not in attributes
    ]
    assert "Test scores, decoder ridge" in document.text
    assert {"class": "scores"} in closed, "one decoder is shown, others a click away"


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


def test_figures_are_in_the_page_and_have_captions_sizes_and_alternative_text(folder):
    (folder / "hippocampus" / "buddy" / "a name #1 100%.png").write_bytes(png(7, 9))
    document = page(folder)
    shown = document.attributes("img")
    assert shown[-2]["alt"] == "a name #1 100%", "unforeseen ones come last, before those of all"
    assert len(shown) == 4
    for picture in shown:
        head, _, content = picture["src"].partition(",")
        assert head == "data:image/webp;base64"
        size = Image.open(io.BytesIO(base64.b64decode(content))).size
        assert size == (int(picture["width"]), int(picture["height"]))
        assert picture["alt"]
    assert {(p["width"], p["height"]) for p in shown} == {("90", "30"), ("40", "30"), ("7", "9")}
    assert CAPTIONS["embedding"] in document.text
    assert "a name #1 100%" in document.text


def test_a_figure_wider_than_a_column_has_a_row_of_its_own_however_high_it_is(folder):
    widest = round(style.NORMAL_INCHES * style.DPI)
    for name, width in (("column", widest), ("row", widest + 1)):
        for height in (50, 5000):
            (folder / "hippocampus" / f"{name}_{height}.png").write_bytes(png(width, height))
    document = page(folder)
    figures, shown = document.attributes("figure"), document.attributes("img")
    wide = {
        picture["alt"]
        for figure, picture in zip(figures, shown, strict=True)
        if figure.get("class") == "wide"
    }
    assert wide == {"row 50", "row 5000"}


def test_a_figure_that_the_page_cannot_hold_is_linked_and_warned_of(folder, caplog):
    shown = len(page(folder).attributes("img"))
    (folder / "hippocampus" / "high.png").write_bytes(png(3, 17_000))  # WebP ends at 16383
    document = page(folder)
    assert len(document.attributes("img")) == shown
    assert "hippocampus/high.png" in [a["href"] for a in document.attributes("a")]
    assert "high.png cannot be shown in the report" in caplog.text


def test_figures_for_which_there_is_no_room_are_linked(folder, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_BYTES", 0)
    document = page(folder)
    assert document.attributes("img") == []
    links = [a["href"] for a in document.attributes("a") if a["href"].endswith(".png")]
    assert links and all((folder / link).is_file() for link in links)


def test_a_picture_wider_than_the_page_is_made_smaller(tmp_path):
    file = tmp_path / "wide.png"
    file.write_bytes(png(2 * pictures.MOST_PIXELS, 10))
    (address,) = pictures.embedded([file]).values()
    content = base64.b64decode(address.partition(",")[2])
    assert Image.open(io.BytesIO(content)).size == (pictures.MOST_PIXELS, 5)


def test_page_needs_no_other_file_or_address(folder):
    html = build_report(folder).read_text(encoding="utf-8")
    tags = Document(html).tags
    assert not {tag for tag, _ in tags} & {"iframe", "object"}
    for tag, attributes in tags:
        assert tag != "script" or "src" not in attributes
        assert tag != "link" or attributes["href"] == "data:,"
    # What is in plotly.js is never asked for by these plots; browser tests look at requests.
    own = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"https?://|url\(|@import", own)


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
    heads = document.row("variant", nth=1)[1:]
    assert [head.split(" (")[0] for head in heads] == [
        "goodness of fit",
        "direction accuracy",
        "median position error",
    ]


def test_a_session_of_which_only_classes_are_decoded_has_a_table(folder):
    classes = scores("classes").query("metric == 'direction_accuracy'")
    write_scores(folder, classes.assign(metric="odour_balanced_accuracy"), scores("buddy"))
    document = page(folder)
    assert document.row("variant", nth=0)[1:] == ["balanced odour accuracy (%) ↑"]
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
