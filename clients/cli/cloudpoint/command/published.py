"""What can be done with blueprints and elements alike: upload, download, versions, compare, share, validate."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import click
from rich.syntax import Syntax
from rich.text import Text

from cloudpoint import ApiProblem
from cloudpoint.command import exits
from cloudpoint.command.exits import Stop
from cloudpoint.command.output import show_json, show_list
from cloudpoint.command.packing import is_template, pack, template_text, texts_below
from cloudpoint.command.session import Session, with_session
from cloudpoint.generated import types
from cloudpoint.sdk.catalogue import Published

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SOURCE = click.Path(exists=True, path_type=Path)
project_option = click.option("--project", help="Which project; the one in use if left out.")
owner_option = click.option("--owner", help="Whose: a project's id, or catalogue. Needed where several have the name.")
version_option = click.option("--version", help="Which version; the newest if left out.")


def add_commands(group: click.Group, kind: str, of: Callable[[Session], Published]) -> None:
    """Add the commands for one kind, blueprint or element, to its group."""
    _add_upload(group, kind, of)
    _add_validate(group, kind, of)
    _add_reading(group, kind, of)
    _add_sharing(group, kind, of)


def _add_upload(group: click.Group, kind: str, of: Callable[[Session], Published]) -> None:
    single = kind == "blueprint"
    what = "a folder, a tar archive or one HOT template" if single else "a folder or a tar archive"

    @group.command("upload", help=f"Publish the {kind} in SOURCE, {what}, as the project's own.")
    @click.argument("source", type=_SOURCE)
    @_single_options(single)
    @project_option
    @with_session
    def upload(session: Session, source: Path, project: str | None, **named: str | None) -> None:
        owner = session.project(project)
        try:
            if single and is_template(source):
                made = _send_template(session, of(session), owner, source, named)
            elif any(named.values()):
                raise Stop(exits.USAGE, f"{source} has its name and version in {kind}.yaml.")
            else:
                made = _send_folder(session, of(session), owner, source)
        except ApiProblem as problem:
            raise _refusal(source, problem) from problem
        if session.json:
            show_json(made)
            return
        session.console.print(f"{kind.title()} [bold]{made.name}[/] {made.version} is published in {owner.name}.")


def _single_options(single: bool) -> Callable[[Any], Any]:
    """Return what adds the options for one HOT template to a command, if it takes one."""

    def add(command: Any) -> Any:
        if not single:
            return command
        command = click.option("--version", help="Of one template: its version; 1.0.0 if left out.")(command)
        return click.option("--name", help="Of one template: the blueprint's name; the file's if left out.")(command)

    return add


def _send_template(
    session: Session, published: Published, owner: types.Project, source: Path, named: dict[str, str | None]
) -> types.PublishedVersion:
    session.tell(f"{source.name} is one template: its parameters are asked, its servers are the machines.")
    with session.console.status(f"Sending to {owner.name}, where it is validated…"):
        return published.publish(owner.id, template_text(source), **named)


def _send_folder(session: Session, published: Published, owner: types.Project, source: Path) -> types.PublishedVersion:
    packed = pack(source)
    for name in packed.left_out:
        session.tell(f"Left out: {name}")
    session.tell(f"Packed {packed.files} files, {packed.size} bytes ({len(packed.archive)} to send).")
    with session.console.status(f"Sending to {owner.name}, where it is validated…"):
        return published.upload(owner.id, packed.archive)


def _add_validate(group: click.Group, kind: str, of: Callable[[Session], Published]) -> None:
    single = kind == "blueprint"
    what = "SOURCE, a folder or one HOT template" if single else "FOLDER"

    @group.command("validate", help=f"Say everything that is wrong with the {kind} in {what}. Nothing is kept.")
    @click.argument("folder", metavar="SOURCE" if single else "FOLDER", type=_SOURCE if single else _FOLDER)
    @with_session
    def validate(session: Session, folder: Path) -> None:
        if folder.is_file() and not is_template(folder):
            raise Stop(exits.USAGE, f"{folder} is no folder, and no template by its name.")
        project = session.project(None).id if session.settings.project else None
        files = template_text(folder) if folder.is_file() else texts_below(folder)
        report = of(session).validate(files, project)
        if session.json:
            show_json(report)
        else:
            for finding in report.findings:
                session.console.print(_finding(folder, finding.file, finding.line, finding.message, finding.hint))
            session.console.print("It is valid." if report.valid else f"{len(report.findings)} errors.")
        if not report.valid:
            raise SystemExit(exits.INVALID)


def _add_reading(group: click.Group, kind: str, of: Callable[[Session], Published]) -> None:
    @group.command("versions", help=f"List all versions of {kind} NAME, the highest first.")
    @click.argument("name")
    @owner_option
    @with_session
    def versions(session: Session, name: str, owner: str | None) -> None:
        found = of(session).versions(name, owner)
        show_list(session, found, ("version", "published_at", "owner", "shared", "summary"))

    @group.command("download", help=f"Write the folder of {kind} NAME to FOLDER, where one of your own can begin.")
    @click.argument("name")
    @click.argument("folder", type=click.Path(path_type=Path))
    @version_option
    @owner_option
    @with_session
    def download(session: Session, name: str, folder: Path, version: str | None, owner: str | None) -> None:
        found = of(session).files(name, version, owner)
        _write(folder, found.files)
        session.tell(f"{found.name} {found.version}: {len(found.files)} files in {folder}.")

    @group.command("diff", help=f"Compare two versions of {kind} NAME; AFTER is the newest if left out.")
    @click.argument("name")
    @click.argument("before")
    @click.argument("after", required=False)
    @owner_option
    @with_session
    def diff(session: Session, name: str, before: str, after: str | None, owner: str | None) -> None:
        found = of(session).difference(name, before, after, owner)
        if session.json:
            show_json(found)
        else:
            _tell_difference(session, found)


def _add_sharing(group: click.Group, kind: str, of: Callable[[Session], Published]) -> None:
    @group.command("share", help=f"Let the other projects of the organisation see and use your {kind} NAME.")
    @click.argument("name")
    @project_option
    @with_session
    def share(session: Session, name: str, project: str | None) -> None:
        owner = session.project(project)
        of(session).share(owner.id, name, shared=True)
        session.tell(f"All versions of {name} are shared; only {owner.name} changes them.")

    @group.command("unshare", help=f"Stop sharing your {kind} NAME: nobody else can use it any more.")
    @click.argument("name")
    @project_option
    @with_session
    def unshare(session: Session, name: str, project: str | None) -> None:
        owner = session.project(project)
        of(session).share(owner.id, name, shared=False)
        session.tell(f"{name} is {owner.name}'s alone.")


def _refusal(source: Path, problem: ApiProblem) -> Exception:
    """Return what an upload that is not valid says: each error with its file and line, as a compiler would."""
    document = problem.document
    if document.code != "invalid-upload":
        return problem
    lines = [document.detail]
    for error in document.errors:
        file = error.pointer.removeprefix("/files").removeprefix("/").replace("~1", "/").replace("~0", "~")
        line, message = None, error.message
        if message.startswith("Line "):
            number, _, rest = message.removeprefix("Line ").partition(": ")
            line, message = (int(number), rest) if number.isdecimal() else (None, message)
        lines.append(str(_finding(source, file, line, message, error.hint)))
    return Stop(exits.INVALID, "\n".join([*lines, f"{len(document.errors)} errors."]))


def _finding(folder: Path, file: str, line: int | None, message: str, hint: Any) -> Text:
    place = f"{folder / file if file and not is_template(folder) else folder}{f':{line}' if line else ''}"
    return Text.assemble((place, "bold"), f" {message} {hint or ''}".rstrip())


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder that is empty or not there yet."""
    if folder.exists() and any(folder.iterdir()):
        raise Stop(exits.USAGE, f"{folder} is not empty.")
    for name, text in files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise Stop(exits.UNAVAILABLE, f"The platform sent a file outside the folder: {name}.")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _tell_difference(session: Session, found: types.Difference) -> None:
    for file in found.files:
        session.console.print(Text(f"{file.kind}: {file.path}", style="bold"))
        session.console.print(Syntax(file.lines, "diff", background_color="default", word_wrap=True))
    told: dict[str, Any] = {
        "asks also for": found.parameters_added,
        "asks no more for": found.parameters_removed,
        "asks otherwise for": found.parameters_changed,
    }
    for words, names in told.items():
        if names:
            session.console.print(f"{found.after} {words}: {', '.join(names)}")
    if not found.files:
        session.console.print("There is no difference.")
