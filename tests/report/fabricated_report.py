"""Fabricated reporting folders for the tests of the page, and a parser that reads the page back."""

import json
import struct
import zlib
from html.parser import HTMLParser

import numpy as np
import pandas as pd

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.report import build_report

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
        if {"style", "script"} & set(self._open):
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
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def write_scores(folder, *tables):
    """The one table of the experiment, of all its sessions."""
    pd.concat(tables).to_csv(folder / "hippocampus" / "metrics.csv", index=False)


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


def write_provenance(folder, changes):
    path = folder / "provenance.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**before, **changes}))


def write_manifest(folder, **changes):
    (folder / "run_manifest.json").write_text(json.dumps(manifest(**changes)))


def page(folder):
    return Document(build_report(folder).read_text(encoding="utf-8"))
