"""Look into files, say what is there, write the description."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import click

from cebra_kedro.draft.choices import choose
from cebra_kedro.draft.contents import Session, path_of, plain_name, read_sessions
from cebra_kedro.draft.facts import facts
from cebra_kedro.draft.files import catalog_text, parameters_text, write_new
from cebra_kedro.draft.guess import guess
from cebra_kedro.draft.guessed import Guess
from cebra_kedro.io.fetched_file import is_url
from cebra_kedro.parameter_block import files_of_block
from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources.registry import source, typed_options

_MOST_SHOWN = 60


def draft(
    files: Sequence[str], name: str | None, project: Path, reserved: Collection[str] = ()
) -> None:
    """Draft an experiment from files.

    Args:
        files: paths or URLs, of one recording; see ``contents.read_sessions`` for several.
        name: of the experiment; None for that of the first file.
        project: the folder that holds ``conf``.
        reserved: names of pipelines that no experiment can have.

    Raises:
        FileNotFoundError: this is no project.
        FileExistsError: an experiment of this name has files in ``conf/local``.
        ValueError: the files do not make a recording; says why.
    """
    local = project / "conf" / "local"
    if not local.parent.is_dir():
        raise FileNotFoundError(f"{project} has no folder conf; run the command in the project")
    asked, name = name, plain_name(name or path_of(files[0]).stem)
    if asked not in (None, name):
        click.echo(f"The name of the experiment is {name}, as it becomes part of other names.")
    _check_name(name, project, reserved)
    sessions = read_sessions([_in_catalog(file, project) for file in files], name)
    found = facts(sessions[0].content)
    _show(sessions, found)
    guessed = guess(found)
    recordings = [_recording(session, guessed) for session in sessions]
    if _name_classes(recordings, guessed):
        recordings = [_recording(session, guessed) for session in sessions]
    recording = recordings[0]
    texts = {
        local / f"parameters_{name}.yml": parameters_text(
            name, sessions, guessed, choose(recordings, guessed.trial_label)
        ),
        local / f"catalog_{name}.yml": catalog_text(name, sessions),
    }
    write_new(texts)
    labels = ", ".join(f"{key} ({label.kind})" for key, label in recording.labels.items())
    click.echo(
        f"As guessed: {recording.n_time} bins of {recording.bin_width_s:g} s, "
        f"{recording.n_neurons} neurons, labels {labels or 'none'}.\n{_left_out(guessed)}"
        f"Written: {', '.join(str(_relative(path, project)) for path in texts)}.\n"
        f"Check what is marked GUESS there, then: kedro run --pipelines {name}"
    )


def _check_name(name: str, project: Path, reserved: Collection[str]) -> None:
    """Raise for the name of a pipeline, or of an experiment that is described elsewhere.

    Kedro would put two descriptions of one name together, and read neither.
    """
    if name in reserved:
        raise ValueError(
            f"{name} is the name of a pipeline or of other parameters; choose another --name"
        )
    own = project / "conf" / "local" / f"parameters_{name}.yml"  # which is never overwritten
    for file in files_of_block(name, sorted((project / "conf").glob("*/"))):
        if file != own:
            raise ValueError(
                f"{_relative(file, project)} has an experiment {name} already; choose another "
                "--name"
            )


def _name_classes(recordings: Sequence[Recording], guessed: Guess) -> bool:
    """Say the classes of labels that are text, where sessions do not have all; whether any."""
    found = False
    for label, block in guessed.labels.items():
        names = [one.label(label).names for one in recordings if label in one.labels]
        if len(set(names)) > 1 and "measure" not in block:
            block["classes"] = sorted({name for of_session in names for name in of_session})
            guessed.reasons[f"labels.{label}"] = "no session has all of these classes in order"
            found = True
    return found


def _recording(session: Session, guessed: Guess) -> Recording:
    """A session as guessed; bins without a sample are dropped where there are some."""
    try:
        return _read(session, guessed)
    except RecordingError as error:
        guessed.options["missing"] = {"rule": "drop"}
        guessed.reasons["missing"] = f"else {' '.join(str(error).split())}"
        try:
            return _read(session, guessed)
        except RecordingError:
            raise error from None


def _read(session: Session, guessed: Guess) -> Recording:
    options = typed_options(guessed.source, guessed.options)
    return source(guessed.source)(session.content, session=session.name, **options)


def _show(sessions: Sequence[Session], found: dict) -> None:
    named = ", ".join(session.name for session in sessions)
    click.echo(f"{len(sessions)} session{'s' * (len(sessions) > 1)}: {named}")
    width = max((len(name) for name in found), default=0)
    for name, fact in list(found.items())[:_MOST_SHOWN]:
        click.echo(f"  {name:<{width}}  {fact.text()}")
    if len(found) > _MOST_SHOWN:
        click.echo(f"  … and {len(found) - _MOST_SHOWN} more")


def _left_out(guessed: Guess) -> str:
    """A line about arrays that no option names, as those that are too short for the others."""
    if not guessed.left_out:
        return ""
    listed = "; ".join(f"{name}: {text}" for name, text in guessed.left_out.items())
    return f"Used for nothing: {listed}.\n"


def _in_catalog(file: str, project: Path) -> str:
    """The path or URL as a catalog of the project says it."""
    return file if is_url(file) else str(_relative(Path(file), project))


def _relative(path: Path, project: Path) -> Path:
    path = path.absolute()
    return path.relative_to(project) if path.is_relative_to(project) else path
