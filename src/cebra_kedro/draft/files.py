"""Guesses → the two YAML files of an experiment, commented, with every guess marked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cebra_kedro.draft.choices import OUTPUT_DIMENSION, Choices
from cebra_kedro.draft.contents import Session, definition
from cebra_kedro.draft.guessed import Guess

_GUESSED = "# GUESS, because: "
_WIDTH = 100
_LOSS = "      loss: {learnable_temperature: true, min_temperature: 0.1}"


def catalog_text(name: str, sessions: Sequence[Session]) -> str:
    """The catalog entry that reads the sessions."""
    definitions = {
        session.name: definition(session.files[""])
        if "" in session.files
        else {part: definition(file) for part, file in session.files.items()}
        for session in sessions
    }
    entry = {f"{name}.raw": {"type": "cebra_kedro.io.SessionsDataset", "sessions": definitions}}
    return "# Where the sessions are.\n" + _dumped(entry)


def parameters_text(name: str, sessions: Sequence[Session], guess: Guess, choices: Choices) -> str:
    """The description, to be checked and changed by a person."""
    files = " ".join(shlex.quote(file) for session in sessions for file in session.files.values())
    options = "signal_blocks" if guess.source == "signals" else "arrays"
    lines = [
        f"# Drafted by: kedro new-recording {files}",
        "# GUESS marks what was concluded from the files: check it. Below src/cebra_kedro, options",
        f"# of the source are explained in sources/{options}.py, others in experiment/blocks.py.",
        f"{name}:",
        f"  sessions: {_flow([session.name for session in sessions])}",
        "  source:",
        f"    name: {guess.source}",
        *_source_lines(guess, choices),
        *_setting_lines(choices, len(sessions)),
    ]
    return "\n".join(lines) + "\n"


def _source_lines(guess: Guess, choices: Choices) -> list[str]:
    lines = []
    for option, value in guess.options.items():
        if option == "labels":
            continue
        if option in guess.reasons:
            lines.append(f"    {_GUESSED}{guess.reasons[option]}")
        lines.append(f"    {option}: {_flow(value)}")
    lines.append("    # GUESS: all arrays that fit. Remove what is no label; add unit: m, cm, …")
    lines.append("    labels:" + (" {}" if not guess.labels else ""))
    for label, block in guess.labels.items():
        if f"labels.{label}" in guess.reasons:
            lines.append(f"      {_GUESSED}{guess.reasons[f'labels.{label}']}")
        measured = block.get("measure", "samples") != "samples"  # which says the kind
        kind = {} if measured else {"kind": choices.kinds.get(label, "continuous")}
        lines.append(f"      {label}: {_flow(block | kind)}")
    return lines


def _setting_lines(choices: Choices, n_sessions: int) -> list[str]:
    why = choices.reasons
    split = "{by: trial, folds: 3, scheme: interleaved}" if choices.n_trials else "{by: block}"
    offset = f"time_offset_bins: {choices.time_offset_bins}"
    lines = [
        "",
        f"  {_GUESSED}{why['split']}",
        f"  split: {split}",
        "",
        "  training:",
        f"    {_GUESSED}{why['window_bins']}",
        f"    encoder: {{architecture: offset{choices.window_bins}-model, hidden_units: 64, "
        f"output_dimension: {OUTPUT_DIMENSION}}}",
        "    optimizer: {learning_rate: 3.0e-3}",
        f"    {_GUESSED}{why['size']}",
        f"    steps: {choices.steps}",
        f"    batch_size: {choices.batch_size}",
        "    seeds: [0, 1]",
        "",
        "  encoders:",
    ]
    if choices.guiding:
        lines += [
            f"    # guided by behaviour; {why['time_offset_bins']}",
            "    behaviour:",
            *_guided(choices, offset),
            _LOSS,
        ]
    lines += [
        "    # guided by nearness in time only: about a window",
        "    time:",
        f"      pairs: {{law: time, time_offset_bins: {choices.nearby_bins}}}",
        _LOSS,
    ]
    if choices.guiding:
        lines += [
            "    # control: the labels permuted, for the encoder and for its decoder",
            "    shuffled: {like: behaviour, shuffle_labels: encoder_and_decoder}",
        ]
    together = n_sessions > 1 and bool(choices.guiding)
    if together:
        lines += [
            "    # one embedding for all sessions, whose neurons may differ",
            "    together: {like: behaviour, sessions: joint}",
        ]
    lines += [
        "  # the activity itself, summed over the same window, and its principal components",
        f"  baselines: {_flow(_baselines(choices))}",
        "",
        "  # every label is decoded from held-out bins",
        "  decode:" + ("" if choices.targets else " {}"),
        *(f"    {label}: {{}}" for label in choices.targets),
        *(f"    # not {label}: {why}" for label, why in choices.unused.items()),
        *(
            [f"  compare: {{sessions: {{align: {_flow(list(choices.guiding))}}}}}"]
            if together
            else []
        ),
        f"  figures: {_flow(_figures(choices))}",
    ]
    return lines


def _guided(choices: Choices, offset: str) -> list[str]:
    discrete = [name for name in choices.guiding if choices.kinds[name] == "discrete"]
    if discrete and len(choices.guiding) == 1:
        return [f"      classes: {discrete[0]}", "      pairs: {law: discrete}"]
    return [
        f"      labels: {_flow(list(choices.guiding))}",
        f"      pairs: {{law: time_delta, {offset}, standardise: true}}",
    ]


def _baselines(choices: Choices) -> dict[str, Any]:
    window = {"raw_window": {"bins": choices.window_bins}} if choices.window_bins > 1 else {}
    return {"raw": {}, **window, "pca": {"components": choices.pca_components}}


def _figures(choices: Choices) -> list[str]:
    figures = ["embedding", "decoded", "scores", "loss", "consistency"]
    return figures if choices.targets else ["loss", "consistency"]


def _flow(value: Any) -> str:
    return (
        yaml.safe_dump(
            value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True
        )
        .strip()
        .removesuffix("...")
        .strip()
    )


def _dumped(value: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(value), sort_keys=False, width=_WIDTH, allow_unicode=True)


def write_new(texts: Mapping[Path, str]) -> None:
    """Write files that do not exist yet, all of them or none.

    Raises:
        FileExistsError: one exists.
    """
    from cebra_kedro.atomic import atomic_path

    there = [str(path) for path in texts if path.exists()]
    if there:
        raise FileExistsError(
            f"{', '.join(there)} exist{'s' if len(there) == 1 else ''} and "
            f"{'is' if len(there) == 1 else 'are'} not overwritten; choose another --name, or "
            f"delete {'it' if len(there) == 1 else 'them'}"
        )
    for path, text in texts.items():
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
