"""`python -m lab.simcloud knob …` and `… tune …`: knobs and speeds of a running cloud, from the shell."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec

from lab.simcloud.knobs.client import KnobError, Knobs

_state = click.option(
    "--state", type=click.Path(path_type=Path, exists=True), required=True, help="The folder of the running cloud."
)
_fields = click.argument("fields", nargs=-1, metavar="FIELD=VALUE…")


@click.group()
def knob() -> None:
    """Faults of a running cloud; fields and effects are in lab/simcloud/README.md."""


@knob.command("call")
@click.argument("effect", type=click.Choice(["delay", "hold", "error", "drop"]))
@_fields
@_state
def on_call(effect: str, fields: tuple[str, ...], state: Path) -> None:
    """Sets a knob of calls: `knob call drop service=heat method=POST path=/v1/*/stacks moment=after times=1`."""
    _show(state, lambda knobs: knobs.show(knobs.on_call(effect, **_values(fields))))


@knob.command("work")
@click.argument("kind", type=click.Choice(["node", "server", "stack", "resource"]))
@click.argument("effect", type=click.Choice(["delay", "hold", "fail"]))
@_fields
@_state
def on_work(kind: str, effect: str, fields: tuple[str, ...], state: Path) -> None:
    """Sets a knob of what a thing goes through: `knob work node hold name=node-3 state=deploying`."""
    _show(state, lambda knobs: knobs.show(knobs.on_work(kind, effect, **_values(fields))))


@knob.command("list")
@_state
def list_all(state: Path) -> None:
    """Shows all knobs, and how often each fired."""
    _show(state, lambda knobs: knobs.all())


@knob.command()
@click.argument("knob_id")
@_state
def remove(knob_id: str, state: Path) -> None:
    """Removes a knob; what it holds goes on."""
    _show(state, lambda knobs: knobs.remove(knob_id))


@knob.command()
@_state
def clear(state: Path) -> None:
    """Removes all knobs."""
    _show(state, lambda knobs: knobs.clear())


@click.command()
@_fields
@_state
def tune(fields: tuple[str, ...], state: Path) -> None:
    """Shows the speeds of a running cloud, changed if fields are given: `tune step_seconds=2 heat_retries=5`."""
    _show(state, lambda knobs: knobs.tuning(**_values(fields)))


@click.command()
@_fields
@_state
def seed(fields: tuple[str, ...], state: Path) -> None:
    """Fills a running cloud in bulk, without machines: `seed nodes=100000 stacks=10000`."""
    _show(state, lambda knobs: knobs.seed(**_values(fields)))


def _show(state: Path, ask: Callable[[Knobs], Any]) -> None:
    with _words(state), Knobs(state) as knobs:
        click.echo(msgspec.json.format(msgspec.json.encode(ask(knobs))))


@contextmanager
def _words(state: Path) -> Iterator[None]:
    try:
        yield
    except KnobError as error:
        raise click.ClickException(str(error)) from error
    except httpx.TransportError as error:
        raise click.ClickException(
            f"No cloud runs in {state}: {error}. Start it by `serve --state {state}`."
        ) from error


def _values(fields: tuple[str, ...]) -> dict[str, Any]:
    """`a=1` as a number, `a=null` as nothing, `a={"b": "c"}` as an object, everything else as text."""
    pairs = [field.partition("=") for field in fields]
    if wrong := [name for name, sign, _ in pairs if not sign]:
        raise click.UsageError(f"{', '.join(wrong)}: fields are given as FIELD=VALUE")
    return {name: _value(text) for name, _, text in pairs}


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
