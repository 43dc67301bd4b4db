"""Destinations: where messages and audience members go.

One line per kind. Another package adds its own under the entry point group `activation.destinations`; what we ship
wins over an entry of the same name.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast
from urllib.parse import urlsplit

from activation.config import CONFIG_FILE, DestinationConfig
from activation.destinations.base import Account, Destination
from activation.destinations.hosts import is_loopback
from activation.errors import ConfigError, MissingSecretError
from activation.model import Environment
from activation.settings import Secret, Settings, connection_variable

GROUP = "activation.destinations"
SHIPPED = {
    "file": "activation.destinations.file:FileDestination",
    "smtp": "activation.destinations.smtp:SmtpDestination",
}


@cache
def registry() -> Mapping[str, EntryPoint]:
    """Every kind that can be opened; its `load()` gives a callable that turns an Account into a Destination.

    The callable may carry `needs_connection = False` when it has no address to be told.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    shipped = {kind: EntryPoint(name=kind, value=value, group=GROUP) for kind, value in SHIPPED.items()}
    return {**found, **shipped}


def require_kind(name: str, kind: str) -> None:
    """Raises ConfigError when nobody brings a destination's kind."""
    if kind not in registry():
        raise ConfigError(f"{CONFIG_FILE}: destinations.{name}.kind: {kind!r} is not known.", _known_kinds())


def account_for(name: str, config: DestinationConfig, settings: Settings) -> Account:
    """The account that `activation.yml` and the environment describe together; the environment's URI wins.

    Raises ConfigError for an unknown kind, and in the environment `simulation` for any host but this one;
    MissingSecretError when the kind needs a connection and has none.
    """
    factory = _entry(config.kind).load()
    connection = settings.connection_uri(name) or (Secret(config.connection) if config.connection else None)
    if connection is None and getattr(factory, "needs_connection", True):
        raise MissingSecretError(
            f"The destination `{name}` has no connection.",
            f"Set {connection_variable(name)}, or `connection` under `destinations: {name}` in {CONFIG_FILE}.",
        )
    if settings.environment is Environment.SIMULATION:
        _refuse_outside(name, connection)
    return Account(
        name=name,
        kind=config.kind,
        connection=connection,
        home=settings.home,
        environment=settings.environment,
        timeout=config.timeout,
        window=config.window,
        options=config.options,
        channel=config.channel,
    )


def open_destination(account: Account) -> Destination:
    """The adapter of an account's kind, not yet connected. Raises ConfigError for an unknown kind."""
    return cast("Destination", _entry(account.kind).load()(account))


def _entry(kind: str) -> EntryPoint:
    known = registry()
    if kind not in known:
        raise ConfigError(f"The destination kind {kind!r} is not known.", _known_kinds())
    return known[kind]


def _known_kinds() -> str:
    return f"Use one of {', '.join(sorted(registry()))}, or install the package that brings it."


def _refuse_outside(name: str, connection: Secret | None) -> None:
    if connection is not None and not is_loopback(_host(name, connection)):
        raise ConfigError(
            f"The destination `{name}` is outside this machine, and the environment is simulation.",
            "Point it to 127.0.0.1, or set ACTIVATION_ENVIRONMENT to dev or production.",
        )


def _host(name: str, connection: Secret) -> str:
    try:
        return urlsplit(connection.reveal()).hostname or ""
    except ValueError:
        raise ConfigError(
            f"The connection of the destination `{name}` is not a URI.", "Write it as scheme://host:port."
        ) from None
