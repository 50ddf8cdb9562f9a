"""The page of the command: every command with its arguments and options, as click knows them."""

from collections.abc import Iterator

import click

from cloudpoint.command import exits, main

_EXITS = {
    exits.OK: "It is done.",
    exits.OPERATION_FAILED: "An operation that was waited for failed, is parked or undone; or doctor found a failure.",
    exits.USAGE: "The command was used wrongly.",
    exits.NOT_AUTHENTICATED: "Nobody is logged in, or the log-in has run out.",
    exits.FORBIDDEN: "It is not permitted.",
    exits.NOT_FOUND: "It does not exist, or is not yours to see.",
    exits.CONFLICT: "Its state does not allow it: it is locked, taken, or changed in between.",
    exits.INVALID: "What was asked for is not valid; every error is named.",
    exits.UNAVAILABLE: "The platform can't be reached, or is not able to answer.",
    exits.DETACHED: "Ctrl-C; what is under way goes on.",
}


def command_page() -> str:
    """Return the page in Markdown."""
    lines = ["# The command `cloudpoint`", "", f"{_sentence(main)}", "", "| exit code | means |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in _EXITS.items()]
    for path, command in _commands(main, "cloudpoint"):
        lines += ["", f"## {path}", "", _sentence(command), "", "```", _usage(path, command), "```"]
        lines += [""] * bool(options := list(_options(command))) + options
    return "\n".join(lines) + "\n"


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        elif not command.hidden:
            yield f"{path} {name}", command


def _sentence(command: click.Command) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


def _usage(path: str, command: click.Command) -> str:
    return " ".join([path, *command.collect_usage_pieces(click.Context(command))])


def _options(command: click.Command) -> Iterator[str]:
    for option in command.params:
        record = option.get_help_record(click.Context(command)) if isinstance(option, click.Option) else None
        if record:
            yield f"- `{record[0]}` {record[1]}"
