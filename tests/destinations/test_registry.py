"""From `activation.yml` and the environment to a destination."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from activation import destinations
from activation.config import DestinationConfig
from activation.destinations import account_for, open_destination, registry
from activation.destinations.base import Account
from activation.destinations.file import FileDestination
from activation.destinations.hosts import is_loopback
from activation.errors import ConfigError, MissingSecretError
from activation.model import Channel
from activation.settings import Settings


def settings(environment: str = "dev", **environ: str) -> Settings:
    return Settings.from_environ({"ACTIVATION_ENVIRONMENT": environment, "ACTIVATION_HOME": "/nowhere", **environ})


def smtp(connection: str | None = "smtp://127.0.0.1:2525") -> DestinationConfig:
    return DestinationConfig(kind="smtp", channel=Channel.EMAIL, connection=connection, window=7, timeout=9)


def test_an_account_is_what_the_deployment_says() -> None:
    """Everything an adapter needs comes from the configuration."""
    account = account_for("inbox", smtp(), settings())
    assert (account.name, account.kind, account.window, account.timeout) == ("inbox", "smtp", 7, 9)
    assert account.channel is Channel.EMAIL
    assert account.home == Path("/nowhere")


def test_the_environment_wins() -> None:
    """A URI with a password belongs there, and is masked in the account."""
    found = account_for("my-inbox", smtp(), settings(ACTIVATION_DESTINATION_MY_INBOX="smtps://u:s3cret@relay.example"))
    assert found.connection is not None
    assert found.connection.reveal() == "smtps://u:s3cret@relay.example"
    assert "s3cret" not in repr(found)


def test_a_missing_connection_names_its_variable() -> None:
    """One sentence tells what to set."""
    with pytest.raises(MissingSecretError, match="ACTIVATION_DESTINATION_MY_INBOX"):
        account_for("my-inbox", smtp(None), settings())


def test_a_file_needs_no_connection() -> None:
    """Not even in the simulation."""
    config = DestinationConfig(kind="file", channel=Channel.AUDIENCE)
    assert isinstance(open_destination(account_for("crm", config, settings("simulation"))), FileDestination)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "[::1]", "localhost", "LOCALHOST"])
def test_the_simulation_sends_to_this_machine(host: str) -> None:
    """Every spelling of loopback will do."""
    assert account_for("inbox", smtp(f"smtp://{host}:2525"), settings("simulation"))


@pytest.mark.parametrize(
    "host",
    [
        "relay.example",
        "10.0.0.1",
        "localhost.relay.example",
        "127.0.0.1.relay.example",
        "0.0.0.0",
        "",
        "127.0.0.1@relay.example",
    ],
)
def test_the_simulation_sends_nowhere_else(host: str) -> None:
    """Other hosts are refused, from the YAML and from the environment."""
    with pytest.raises(ConfigError, match="`inbox`"):
        account_for("inbox", smtp(f"smtp://{host}:2525"), settings("simulation"))
    with pytest.raises(ConfigError, match="`inbox`"):
        account_for("inbox", smtp(), settings("simulation", ACTIVATION_DESTINATION_INBOX=f"smtp://{host}"))


def test_elsewhere_any_host_will_do() -> None:
    """The rule is the simulation's."""
    assert account_for("inbox", smtp("smtp://relay.example"), settings("production"))
    assert not is_loopback("relay.example")


def test_an_unknown_kind_lists_the_known_ones() -> None:
    """A misspelt kind is answered with the choice."""
    with pytest.raises(ConfigError, match="file, smtp"):
        account_for("x", DestinationConfig(kind="smpt", channel=Channel.EMAIL), settings())
    with pytest.raises(ConfigError, match="smtp"):
        open_destination(Account("x", "smpt", None, Path("/nowhere"), "dev"))


def test_another_package_adds_its_own_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point is a kind; it cannot take the place of a shipped one."""
    target = "activation.destinations.file:FileDestination"
    found = [EntryPoint(name=name, value=target, group=destinations.GROUP) for name in ("pigeon", "smtp")]
    monkeypatch.setattr(destinations, "entry_points", lambda group: found)
    registry.cache_clear()
    try:
        account = account_for("crm", DestinationConfig(kind="pigeon", channel=Channel.POST), settings())
        assert isinstance(open_destination(account), FileDestination)
        assert registry()["smtp"].value == destinations.SHIPPED["smtp"]
    finally:
        registry.cache_clear()


def test_every_shipped_kind_loads() -> None:
    """No line of the registry points to nothing."""
    assert registry()
    assert all(callable(entry.load()) for entry in registry().values())
