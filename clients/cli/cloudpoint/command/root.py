"""The root of the command, and how what goes wrong is said."""

import os
import sys
from typing import Any

import click

from cloudpoint import ApiProblem, ConnectionFailed, UnreadableAnswer
from cloudpoint.command import (
    account,
    blueprints,
    clusters,
    completion,
    connect,
    doctor,
    elements,
    events,
    exits,
    login,
    nodes,
    operations,
    organisation,
)


class Root(click.Group):
    """Turns the API's problems into sentences and exit codes."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; problems end it with their exit code."""
        try:
            return super().invoke(context)
        except ApiProblem as problem:
            _tell(problem)
            sys.exit(exits.exit_code_of(problem.status))
        except ConnectionFailed as failure:
            click.echo(f"{failure}\nIs the address right? cloudpoint login --url URL.", err=True)
            sys.exit(exits.UNAVAILABLE)
        except KeyboardInterrupt:
            sys.exit(exits.DETACHED)
        except UnreadableAnswer as failure:
            click.echo(str(failure), err=True)
            sys.exit(exits.UNAVAILABLE)
        except BrokenPipeError:
            # Who reads the output has seen enough (`| head`); what is buffered must not be flushed into it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(exits.OK)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Clusters on bare metal, from a blueprint.

    Exit codes: 0 done, 1 the operation failed or is parked, or doctor found a failure, 2 wrong usage, 3 not logged in,
    4 not permitted, 5 not found, 6 conflict, 7 not valid, 8 not available.
    """


def _tell(problem: ApiProblem) -> None:
    document = problem.document
    click.echo(document.detail, err=True)
    for error in document.errors:
        hint = f" {error.hint}" if error.hint else ""
        click.echo(f"  {error.pointer or '(body)'}: {error.message}{hint}", err=True)
    if document.hint:
        click.echo(document.hint, err=True)
    if problem.status == 401:
        click.echo("Log in: cloudpoint login.", err=True)
    if document.request_id and problem.status >= 500:
        click.echo(f"Quote this to support: {document.request_id}", err=True)


for module in (
    login,
    account,
    organisation,
    blueprints,
    elements,
    clusters,
    operations,
    nodes,
    doctor,
    events,
    connect,
    completion,
):
    for command in module.COMMANDS:
        main.add_command(command)
