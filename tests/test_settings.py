"""The environment and its secrets."""

from pathlib import Path

import pytest

from activation.errors import ConfigError, MissingSecretError
from activation.model import Environment
from activation.settings import Secret, ServerAddress, Settings

KEY = "k" * 32


def test_defaults_stand_below_the_present_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any variable everything lives below ./var, and nothing is production."""
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environ({})
    assert settings.home == tmp_path / "var"
    assert settings.environment is Environment.DEV
    assert settings.ledger_url == f"sqlite:///{tmp_path / 'var' / 'ledger.sqlite'}"


def test_an_unknown_environment_is_refused() -> None:
    """A typing error does not become production."""
    with pytest.raises(ConfigError, match="simulation, dev, production"):
        Settings.from_environ({"ACTIVATION_ENVIRONMENT": "prod"})


@pytest.mark.parametrize("key", [None, "short"])
def test_a_missing_or_short_signing_key_names_the_variable(key: str | None) -> None:
    """Links are not signed with a guessable key."""
    environ = {} if key is None else {"ACTIVATION_SIGNING_KEY": key}
    with pytest.raises(MissingSecretError, match="ACTIVATION_SIGNING_KEY"):
        Settings.from_environ(environ).require_signing_key()


def test_a_secret_shows_itself_only_when_asked() -> None:
    """Neither repr, str nor format gives a secret away."""
    settings = Settings.from_environ({"ACTIVATION_SIGNING_KEY": KEY})
    assert settings.require_signing_key().reveal() == KEY
    assert KEY not in f"{settings.signing_key} {settings.signing_key!r}"
    assert Secret("a") == Secret("a")


def test_a_destination_uri_comes_from_its_variable() -> None:
    """`my-mail` is read from ACTIVATION_DESTINATION_MY_MAIL."""
    settings = Settings.from_environ({"ACTIVATION_DESTINATION_MY_MAIL": "smtp://u:p@h"})
    uri = settings.connection_uri("my-mail")
    assert uri is not None
    assert uri.reveal() == "smtp://u:p@h"
    assert settings.connection_uri("other") is None


def warehouse_of(url: str) -> ServerAddress:
    address = Settings.from_environ({"ACTIVATION_WAREHOUSE_URL": url}).warehouse
    assert address is not None
    return address


def test_without_a_url_the_warehouse_is_a_file() -> None:
    """Nobody needs a server to begin with, and an empty value is no value."""
    assert Settings.from_environ({}).warehouse is None
    assert Settings.from_environ({"ACTIVATION_WAREHOUSE_URL": ""}).warehouse is None


def test_a_warehouse_url_is_taken_apart() -> None:
    """Escaped characters come back, the port has a default, a socket's folder may stand for the host."""
    address = warehouse_of("postgresql://shop:p%40ss%2F%23@db.example/sales?sslmode=verify-full")
    assert (address.host, address.port, address.database, address.user) == ("db.example", 5432, "sales", "shop")
    assert address.password.reveal() == "p@ss/#"
    assert address.tls == {"sslmode": "verify-full"}
    assert warehouse_of("postgres://shop:x@/sales?host=/run/postgresql").host == "/run/postgresql"
    assert warehouse_of("postgresql://shop@[::1]:6000/sales").port == 6000


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:geheim@h/d", "names no warehouse"),
        ("postgresql://u:geheim@h", "lacks the database"),
        ("postgresql://:geheim@h/", "lacks the user and the database"),
        ("postgresql://u:geheim@h:port/d", "is no URL"),
        ("postgresql://u:geheim@h/d?colour=red", "colour"),
        ("postgresql://u:gehe#im@h/d", "is no URL"),
        ("geheim", "names no warehouse"),
    ],
)
def test_a_wrong_warehouse_url_is_refused_without_showing_it(url: str, says: str) -> None:
    """The message names the variable, what is wrong and how it is written, and no password."""
    with pytest.raises(ConfigError, match=says) as caught:
        Settings.from_environ({"ACTIVATION_WAREHOUSE_URL": url})
    assert "ACTIVATION_WAREHOUSE_URL" in str(caught.value)
    assert "postgresql://user:password@host" in str(caught.value)
    assert "gehe" not in f"{caught.value} {caught.value.__cause__!r}"


def test_settings_show_no_secret() -> None:
    """Neither a password in a URL nor a variable of the environment is in the text of the settings."""
    environ = {
        "ACTIVATION_WAREHOUSE_URL": "postgresql://u:geheim@h/d",
        "ACTIVATION_LEDGER_URL": "postgresql+psycopg://u:geheim@h/l",
        "ACTIVATION_SIGNING_KEY": "geheim" * 10,
        "ACTIVATION_DESTINATION_MAIL": "smtp://u:geheim@h",
    }
    settings = Settings.from_environ(environ)
    assert "geheim" not in f"{settings} {settings!r} {settings.warehouse} {settings.warehouse!r}"
