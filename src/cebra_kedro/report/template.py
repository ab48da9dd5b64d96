"""Fills a template of this folder: style, script and plotly.js stand in the page itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def rendered(template: str, *, plots: bool, **values: Any) -> str:
    """The HTML of a page; everything from files is escaped.

    Args:
        template: file name, e.g. ``page.html.j2``.
        plots: whether the page has plots, so that plotly.js is put into it.
        values: what the template shows, beside ``css``, ``script`` and ``plotly``.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("cebra_kedro", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    here = Path(__file__)
    return environment.get_template(template).render(
        css=Markup(here.with_name("page.css").read_text(encoding="utf-8")),
        script=Markup(here.with_name("page.js").read_text(encoding="utf-8")),
        plotly=Markup(_plotly()) if plots else "",
        **values,
    )


def _plotly() -> str:
    """plotly.js, for a script element of its own."""
    from plotly.offline import get_plotlyjs

    return get_plotlyjs().replace("</script", "<\\/script")
