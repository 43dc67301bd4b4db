"""A deployment of the tests' own: its home, its inbox, its unsubscribe endpoint."""

import email
import os
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from activation.app import App, open_app
from activation.settings import Settings
from activation.simulator.inbox import Inbox

ROOT = Path(__file__).parents[2]
KEY = "a-key-of-the-tests-that-is-long-enough"


@dataclass
class Deployment:
    """A home folder with an inbox beside it; `app()` opens it."""

    environ: dict[str, str]
    inbox: Inbox

    @property
    def settings(self) -> Settings:
        return Settings.from_environ(self.environ)

    def app(self) -> App:
        return open_app(self.settings)

    def mails(self) -> list[EmailMessage]:
        """What the inbox got, oldest first."""
        paths = sorted((self.settings.inbox_path / "messages").glob("*.eml"))
        return [email.message_from_bytes(path.read_bytes(), policy=default) for path in paths]  # type: ignore[misc]


def deployed(home: Path, **more: str) -> dict[str, str]:
    """The environment of a simulation below `home`."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ACTIVATION_", "AIRFLOW"))},
        "ACTIVATION_PROJECT": str(ROOT),
        "ACTIVATION_HOME": str(home),
        "ACTIVATION_ENVIRONMENT": "simulation",
        "ACTIVATION_SIGNING_KEY": KEY,
        **more,
    }


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("home")
    inbox = Inbox(home / "inbox")
    inbox.start()
    environ = deployed(home, ACTIVATION_DESTINATION_INBOX=f"smtp://127.0.0.1:{inbox.smtp_port}")
    made = Deployment(environ, inbox)
    yield made
    made.inbox.stop()
