"""The environment and its secrets."""

from pathlib import Path

import pytest

from activation.errors import ConfigError, MissingSecretError
from activation.model import Environment
from activation.settings import Secret, Settings

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
