"""One mail's whole way: rendered, sent, kept, parsed, and its one click answered."""

import http.client
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from activation.config import Config, DestinationConfig
from activation.delivery.render import SHIPPED, Renderer
from activation.destinations import account_for, open_destination
from activation.feedback.links import Subscription, UnsubscribeLinks
from activation.feedback.server import make_app, make_http_server
from activation.model import Channel, Message, OnUnknown, Purpose, State
from activation.settings import Secret, Settings
from activation.simulator.inbox import Inbox

NOW = datetime(2026, 3, 1, 12)
CONFIG = Config.model_validate(
    {
        "brands": {"default": {"name": "Fern & Clay", "site_url": "https://shop.example"}},
        "senders": {"shop": {"name": "Fern & Clay", "address": "hello@shop.example"}},
        "destinations": {},
    }
)


class Sink:
    def __init__(self) -> None:
        self.suppressed: list[Subscription] = []

    def unsubscribe(self, subscription: Subscription) -> bool:
        self.suppressed.append(subscription)
        return True


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    opened = Inbox(tmp_path / "inbox")
    opened.start()
    yield opened
    opened.stop()


def message() -> Message:
    return Message(
        message_key="0123456789abcdef0123456789abcdef",
        decision_id="d",
        run_id=1,
        environment="simulation",
        brand="default",
        trigger_id="win_back",
        trigger_version=1,
        step=3,
        occurrence_ids=("o",),
        customer_id="c",
        unit_id="c",
        purpose=Purpose.MARKETING,
        channel=Channel.EMAIL,
        contact_point="jane@mail.example",
        contact_point_id="p",
        template="win_back",
        variant="a",
        sender="shop",
        locale="fr-FR",
        timezone="UTC",
        priority=100,
        on_unknown=OnUnknown.HOLD,
        mandatory=False,
        context={},
        customer={"first_name": "Zoë 🌿"},
        send_not_before=NOW,
        send_not_after=NOW + timedelta(days=1),
        decided_at=NOW,
    )


def test_the_header_of_a_real_mail_unsubscribes(inbox: Inbox, tmp_path: Path) -> None:
    """What a mailbox provider reads from the mail and posts to ends the subscription that the mail belongs to."""
    sink = Sink()
    key = Secret("k" * 32)
    reader = UnsubscribeLinks("", key, lambda: NOW)
    with make_http_server(make_app(reader, sink, {}), "127.0.0.1", 0) as server:
        links = UnsubscribeLinks(f"http://127.0.0.1:{server.server_port}", key, lambda: NOW)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        send(Renderer([SHIPPED], CONFIG, links.link), inbox.smtp_port, tmp_path)
        mail = BytesParser(policy=policy.default).parsebytes(inbox.mailbox.source("000000001") or b"")
        url = urlsplit(mail["List-Unsubscribe"].strip("<>"))
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", url.path, mail["List-Unsubscribe-Post"], form)
        assert connection.getresponse().status == 200
        connection.close()
        thread.join()
    assert sink.suppressed == [Subscription("default", "email", "marketing", message().message_key)]
    assert mail["X-Activation-Trigger"] == "win_back"
    assert "Bonjour Zoë 🌿," in mail.get_body(("plain",)).get_content()


def send(renderer: Renderer, port: int, home: Path) -> None:
    settings = Settings.from_environ({"ACTIVATION_ENVIRONMENT": "simulation", "ACTIVATION_HOME": str(home)})
    config = DestinationConfig(kind="smtp", channel=Channel.EMAIL, connection=f"smtp://127.0.0.1:{port}")
    destination = open_destination(account_for("inbox", config, settings))
    assert destination.send([renderer.render(message(), NOW)])[0].state is State.ACCEPTED
    destination.close()
