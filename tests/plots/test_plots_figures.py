"""The list of figures: every kind can be called in the same way and has a caption."""

import inspect
import subprocess
import sys

import pytest

from cebra_kedro.plots.figures import CAPTIONS, FIGURES, figure_kind, known_options


@pytest.mark.parametrize("kind", FIGURES.values(), ids=lambda kind: kind.name)
def test_every_kind_takes_results_and_a_session_and_has_a_name_like_its_function(kind):
    parameters = list(inspect.signature(kind.function).parameters.values())
    assert [one.name for one in parameters[:2]] == ["results", "session"]
    assert {one.kind for one in parameters[2:]} <= {inspect.Parameter.KEYWORD_ONLY}
    assert kind.function.__name__ == f"{kind.name}_figure"


@pytest.mark.parametrize("name", FIGURES)
def test_captions_are_sentences_without_a_full_stop(name):
    assert CAPTIONS[name][0].isupper()
    assert CAPTIONS[name][-1] not in ". "
    assert FIGURES[name].per in {"session", "experiment", "both"}


def test_options_are_those_that_the_function_takes():
    assert known_options("scores") == ("metrics", "decoder")
    assert known_options("loss") == ()


def test_an_unknown_kind_is_refused_with_the_one_that_is_meant():
    with pytest.raises(ValueError, match=r"got 'embeding' \(did you mean embedding\?\)"):
        figure_kind("embeding")
    with pytest.raises(ValueError, match="figures must be among overview, embedding"):
        known_options("xyz")


def test_reading_the_list_imports_neither_matplotlib_nor_pandas():
    code = (
        "import sys\n"
        "from cebra_kedro.plots.figures import FIGURES, CAPTIONS\n"
        "assert not {'matplotlib', 'pandas', 'numpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
