"""What all commands share: the group, its errors, how a result is said."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from activation import __version__
from activation.config import parse_duration
from activation.errors import ActivationError

if TYPE_CHECKING:
    from activation.app import App

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")


class Cli(click.Group):
    """Turns every error of ours into one sentence, a remedy and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ActivationError as error:
            click.secho(f"Error: {error.message}", fg="red", err=True)
            if error.remedy:
                click.echo(f"  → {error.remedy}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(130)


@click.group(cls=Cli, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="activation")
@click.option("-v", "--verbose", is_flag=True, help="Log what each step does.")
def main(verbose: bool) -> None:
    """Warehouse-native trigger marketing: dbt decides who gets what, this delivers it and brings back what came of it.

    State lives below ACTIVATION_HOME (./var); the project is read from ACTIVATION_PROJECT (the present folder).
    """
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("activation").setLevel(logging.INFO if verbose else logging.WARNING)


def opened() -> "App":
    from activation.app import open_app

    return open_app()


def asked(operation: str, *arguments: Any, **named: Any) -> Any:
    """What one function of `operations` says of this deployment."""
    from activation import operations

    with opened() as app:
        return getattr(operations, operation)(app, *arguments, **named)


def duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def say(result: Mapping[str, Any], as_json: bool, lines: Callable[[Mapping[str, Any]], str]) -> None:
    click.echo(json.dumps(result, default=str, sort_keys=True) if as_json else lines(result))


def counts(title: str) -> Callable[[Mapping[str, Any]], str]:
    """A line of `name: number` pairs under a title."""
    return lambda result: f"{title}: " + (", ".join(f"{name} {value}" for name, value in result.items()) or "nothing")
