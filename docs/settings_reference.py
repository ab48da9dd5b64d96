"""The settings reference, written when the site is built, from the code that checks settings.

MkDocs calls the functions ``on_…`` (``hooks`` in ``mkdocs.yml``). Blocks are pydantic models; what
a key means stands in the ``Attributes`` (of functions, the ``Args``) of their docstrings. A key
that says nothing there stops the build.
"""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

PAGE = "settings.md"
_PLACES = {
    "<!-- experiment -->": "experiment_sections",
    "<!-- sources -->": "source_sections",
    "<!-- baselines -->": "baseline_table",
    "<!-- protocols -->": "protocol_table",
    "<!-- kinds -->": "kind_table",
    "<!-- figures -->": "figure_table",
    "<!-- compute -->": "compute_sections",
    "<!-- mlflow -->": "mlflow_sections",
}
_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path of a file",
    Any: "anything",
    type(None): "null",
}
_BOUNDS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}
# Methods behind the names of baselines, where what their options mean is written.
_BASELINE_DOCS = {"pca": "pca_features", "tsne": "tsne_features", "umap": "umap_features"}


# --- called by MkDocs -----------------------------------------------------------------------------
def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put the tables into the page of settings."""
    return filled(markdown) if page.file.src_uri == PAGE else markdown


def on_page_content(html: str, **_: Any) -> str:
    """What docstrings write in reStructuredText: roles become plain names, directives go."""
    html = re.sub(r"<p>\.\. code-block:: \w+</p>", "", html)
    html = re.sub(r":(?:class|func|data|meth|attr|mod):(?=<code>)", "", html)
    return re.sub(r"<code>~[\w.]*?(\w+)</code>", r"<code>\1</code>", html)


# --- the tables -----------------------------------------------------------------------------------
def filled(markdown: str) -> str:
    """The page with its tables; each of their places must be there."""
    for place, function in _PLACES.items():
        if place not in markdown:
            raise ValueError(f"{PAGE} has no {place}; put it where the table shall stand")
        markdown = markdown.replace(place, globals()[function]())
    return markdown


def experiment_sections() -> str:
    """A section for each block of a description, the whole first."""
    from cebra_kedro.experiment import Experiment

    sections = Sections("experiment")
    sections.add("", Experiment)
    return sections.text()


def compute_sections() -> str:
    """A section for each block that says where cells are computed."""
    from cebra_kedro.run.compute import ComputeBlock

    sections = Sections("compute")
    sections.add("", ComputeBlock)
    return sections.text()


def mlflow_sections() -> str:
    """A section for the block that says whether runs are written to MLflow."""
    from cebra_kedro.run.mlflow_block import MlflowBlock

    sections = Sections("mlflow")
    sections.add("", MlflowBlock)
    return sections.text()


def source_sections() -> str:
    """A section for each source, and one for each block among its options."""
    from cebra_kedro.sources.registry import SOURCES, source

    sections = Sections("source")
    for name in SOURCES:
        function = source(name)
        meanings = described(inspect.getdoc(function) or "", "Args")
        signature = inspect.signature(function).parameters
        own = [key for key in signature if key not in ("raw", "session", "population")]
        written = {key: function.__annotations__[key] for key in own}
        hints = get_type_hints(
            type("", (), {"__annotations__": written}), function.__globals__, include_extras=True
        )
        options = [
            Key(key, hints[key], signature[key].default, meanings.get(key, "")) for key in own
        ]
        summary = _prose(next(iter((inspect.getdoc(function) or "").splitlines()), ""))
        sections.add_keys(name, summary, options)
    return sections.text()


def baseline_table() -> str:
    """The features that a baseline may be."""
    from cebra_kedro.training import baselines

    rows = []
    for name, function in baselines.FEATURES.items():
        written = getattr(baselines, _BASELINE_DOCS.get(name, ""), None)
        meanings = described(inspect.getdoc(written) or "", "Args") if written else {}
        options = []
        for key, option in inspect.signature(function).parameters.items():
            if option.kind is option.KEYWORD_ONLY:
                default = "" if option.default is option.empty else f" = {option.default}"
                meaning = f", {meanings[key].rstrip('.')}" if key in meanings else ""
                options.append(f"`{key}{default}`{meaning}")
        rows.append((f"`{name}`", "; ".join(options) or "none"))
    return table(("name", "options"), rows)


def protocol_table() -> str:
    """Protocols of decoding, with the labels and decoders that they take."""
    from cebra_kedro.decoding.protocols import PROTOCOLS, protocol

    rows = [
        (
            f"`{name}`",
            _prose(next(iter((inspect.getdoc(protocol(name)) or "").splitlines()), "")),
            ", ".join(entry.labels) or "any",
            ", ".join(f"`{one}`" for one in entry.decoders),
        )
        for name, entry in PROTOCOLS.items()
    ]
    return table(("protocol", "what it does", "labels", "decoders"), rows)


def kind_table() -> str:
    """Kinds of labels, with the decoders and scores that fit them."""
    from cebra_kedro.decoding.decoders import DECODERS
    from cebra_kedro.decoding.kinds import KINDS

    rows = [
        (
            kind,
            ", ".join(f"`{name}`" for name, decoder in DECODERS.items() if kind in decoder.kinds),
            ", ".join(f"`{name}`" for name in of_kind.score_names),
            ", ".join(f"`{name}`" for name in of_kind.default_scores),
        )
        for kind, of_kind in KINDS.items()
    ]
    return table(("kind of label", "decoders", "scores", "where none are named"), rows)


def figure_table() -> str:
    """Kinds of figures, with their options."""
    from cebra_kedro.plots.figures import FIGURES, known_options

    each = {"session": "each session", "experiment": "the experiment", "both": "both"}
    rows = [
        (
            f"`{name}`",
            each[kind.per],
            kind.caption,
            ", ".join(f"`{option}`" for option in known_options(name)) or "none",
        )
        for name, kind in FIGURES.items()
    ]
    return table(("figure", "one of", "what it shows", "options"), rows)


# --- blocks ---------------------------------------------------------------------------------------
class Key:
    """One key: its name, type, default and meaning.

    Attributes:
        name: as it is written.
        kind: the annotation, with bounds.
        default: what holds if it is not written; ``inspect.Parameter.empty`` if it must be.
        meaning: in Markdown.
    """

    def __init__(self, name: str, kind: Any, default: Any, meaning: str) -> None:
        if not meaning:
            raise ValueError(f"{name} is described nowhere; add it to the docstring of its block")
        self.name, self.kind, self.default, self.meaning = name, kind, default, meaning


class Sections:
    """Sections of blocks within blocks, each type of block once.

    Attributes:
        prefix: of the anchors.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._of_type: dict[type, str] = {}
        self._texts: list[str] = []

    def text(self) -> str:
        """All sections."""
        return "\n\n".join(self._texts)

    def add(self, path: str, model: type[BaseModel]) -> None:
        """A section of a block, and those of the blocks in it."""
        self._of_type[model] = self._anchor(path)
        self.add_keys(path, _summary(model), list(_keys(model)))

    def add_keys(self, path: str, summary: str, keys: list[Key]) -> None:
        """A section of these keys, and those of the blocks in them."""
        inner: list[tuple[str, type[BaseModel]]] = []
        for key in keys:
            for repeated, model in _blocks_in(key.kind):
                if model not in self._of_type:
                    place = ".".join(filter(None, [path, key.name, repeated]))
                    self._of_type[model] = self._anchor(place)
                    inner.append((place, model))
        rows = [
            (
                f"`{key.name}`",
                self._type(key.kind),
                _default(key.default),
                key.meaning,
            )
            for key in keys
        ]
        title = f"`{path}`" if path else "The whole"
        heading = f"### {title} {{#{self._anchor(path)}}}"
        head = ("key", "what it is", "default", "meaning")
        content = table(head, rows) if rows else "No options."
        self._texts.append("\n\n".join([heading, summary, content]))
        for place, model in inner:
            self.add(place, model)

    def _anchor(self, path: str) -> str:
        return re.sub(r"[^a-z0-9]+", "-", f"{self.prefix}-{path}".lower()).strip("-")

    def _type(self, kind: Any, bounds: tuple[Any, ...] = ()) -> str:
        """A type in words, with a link where it is a block."""
        origin, inner = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._type(inner[0], (*bounds, *inner[1:]))
        limits = _limits(bounds)
        if origin in (Union, types.UnionType):
            # That null may be written is seen from the default, which is null where it may.
            several = [self._type(one, bounds) for one in inner if one is not type(None)]
            return " or ".join(dict.fromkeys(several))
        if origin is Literal:
            return ", ".join(f"`{one}`" for one in inner)
        if origin is not None:
            return f"{self._several(origin, inner)}{limits}"
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return f"[block](#{self._of_type[kind]})"
        return f"{_PLAIN[kind]}{limits}"

    def _several(self, origin: Any, inner: tuple[Any, ...]) -> str:
        """A list or a mapping in words."""
        if issubclass(origin, Mapping):
            return f"name → {self._type(inner[1])}"
        count = "list of" if inner[-1] is Ellipsis else f"{len(inner)} of"
        return f"{count}: {self._type(inner[0])}"


def described(docstring: str, section: str) -> dict[str, str]:
    """Name → meaning, from a section of a docstring of Google's style, in Markdown."""
    found: dict[str, str] = {}
    match = re.search(rf"^{section}:\n((?:^ .*\n?|^\n)+)", docstring, re.M)
    name = ""
    for line in match[1].splitlines() if match else ():
        if entry := re.match(r" {4}(\w+): (.*)", line):
            name, found[entry[1]] = entry[1], entry[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return {key: _prose(text) for key, text in found.items()}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _keys(model: type[BaseModel]) -> Iterator[Key]:
    """Every key of a block; what inherited ones mean is said by the block they come from."""
    meanings: dict[str, str] = {}
    for base in reversed(model.__mro__):
        meanings |= described(inspect.cleandoc(base.__dict__.get("__doc__") or ""), "Attributes")
    for name, info in model.model_fields.items():
        default = inspect.Parameter.empty if info.is_required() else info.get_default()
        if info.default_factory is not None:
            default = info.default_factory()  # type: ignore[call-arg]
        kind = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        try:
            yield Key(name, kind, default, meanings.get(name, ""))
        except ValueError as error:
            raise ValueError(f"{model.__name__}: {error}") from None


def _blocks_in(kind: Any, repeated: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Blocks within a type, with ``<name>`` where there is one for each name."""
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield repeated, kind
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from _blocks_in(inner[1], "<name>")
    elif origin is not Literal:
        for one in inner:
            yield from _blocks_in(one, repeated)


def _summary(model: type[BaseModel]) -> str:
    """What stands before the attributes in the docstring of a block."""
    return _prose(inspect.cleandoc(model.__doc__ or "").split("\nAttributes:")[0].strip())


def _limits(bounds: tuple[Any, ...]) -> str:
    found = []
    for bound in bounds:
        for part in (bound, *getattr(bound, "metadata", ())):
            found += [
                text.format(f"{value:,}".replace(",", " "))
                for name, text in _BOUNDS.items()
                if (value := getattr(part, name, None)) is not None
            ]
            if getattr(part, "min_length", None):
                found.append("at least one")
    return f", {', '.join(dict.fromkeys(found))}" if found else ""


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "needed"
    if isinstance(value, BaseModel):
        return "as there"
    if isinstance(value, tuple | list | dict) and not value:
        return "none"
    if value == "":
        return "none"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _prose(text: str) -> str:
    """Markdown of what docstrings write in the way of reStructuredText; YAML's null of None."""
    text = re.sub(r":\w+:(?=`)", "", re.sub(r"``([^`]+)``", r"`\1`", text))
    return re.sub(r"\bNone\b", "null", text)
