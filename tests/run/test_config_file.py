"""Options may stand in a file: ``kedro run --config``."""

import pytest

from cebra_kedro.run.config_file import read_config_file

OPTIONS = ("pipelines", "runner", "tags", "params")


@pytest.fixture
def written(tmp_path):
    """Writes a file and reads it."""

    def read(text: str | bytes) -> dict:
        file = tmp_path / "run.yml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_config_file(file, OPTIONS)

    return read


def test_options_are_read_lists_as_the_command_line_has_them(written):
    text = "run:\n  pipelines: [training, decoding]\n  tags: a,b\n  params: {x.steps: 5}\n"
    assert written(text) == {
        "pipelines": "training,decoding",
        "tags": "a,b",
        "params": {"x.steps": 5},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run: {runer: ThreadRunner}", "kedro run has no option runer; did you mean runner?"),
        ("run: {zzz: 1}", "kedro run has no option zzz; see kedro run --help"),
        ("rn: {tags: a}", "no section run; write the options of kedro run under `run:`"),
        ("run: tags", "no section run; "),
        ("- run", "no section run; "),
        ("", "no section run; "),
        ("run: [1", "not readable as YAML"),
        (b"\xff\xfe\x00run", "not readable as YAML"),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_what_to_do(written, tmp_path, text, message):
    with pytest.raises(ValueError, match="--config") as raised:
        written(text)
    assert f"--config {tmp_path / 'run.yml'}: " in str(raised.value)
    assert message in str(raised.value)
