"""Relays on this machine, obliging and not, and messages to send."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activation.destinations import open_destination
from activation.destinations.base import Account
from activation.destinations.smtp import SmtpDestination
from activation.model import Channel, Purpose, Rendered, Sender
from activation.settings import Secret
from activation.simulator.inbox import SmtpServer

SENT_AT = datetime(2026, 3, 1, 12)


@dataclass
class Relay:
    """An aiosmtpd handler that keeps what it gets and answers what the test says."""

    answers: dict[str, str] = field(default_factory=dict)
    contents: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    peers: list[tuple[str, int]] = field(default_factory=list)
    port: int = 0

    @property
    def connection_count(self) -> int:
        return len(set(self.peers))

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd names it
        self.peers.append(session.peer)
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd names it
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd names it
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.contents.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def start_relay() -> Iterator[Callable[..., Relay]]:
    servers = []

    def start(relay: Relay | None = None, **options: Any) -> Relay:
        handler = relay or Relay()
        server = SmtpServer(handler, **options)
        handler.port = server.port
        server.start()
        servers.append(server)
        return handler

    yield start
    for server in servers:
        server.stop()


class ScriptedRelay(threading.Thread):
    """Says a greeting, then one line per line it hears; `None` hangs up. The content counts as one line."""

    def __init__(self, scripts: list[list[str | None]]) -> None:
        super().__init__(daemon=True)
        self.heard: list[list[str]] = []
        self._scripts = scripts
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def run(self) -> None:
        for script in self._scripts:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream, script)

    def stop(self) -> None:
        self._socket.close()

    def _talk(self, stream: Any, script: list[str | None]) -> None:
        self.heard.append([])
        in_content = False
        for position, answer in enumerate(script):
            if position and not self._hear(stream, in_content):
                return
            if answer is None:
                return
            stream.write(f"{answer}\r\n".encode())
            stream.flush()
            in_content = answer.startswith("354")

    def _hear(self, stream: Any, in_content: bool) -> bool:
        line = stream.readline()
        while in_content and line and line != b".\r\n":
            line = stream.readline()
        self.heard[-1].append(line.decode().strip())
        return bool(line)


@pytest.fixture
def script_relay() -> Iterator[Callable[..., ScriptedRelay]]:
    relays = []

    def script(*scripts: list[str | None]) -> ScriptedRelay:
        relay = ScriptedRelay(list(scripts))
        relay.start()
        relays.append(relay)
        return relay

    yield script
    for relay in relays:
        relay.stop()


@pytest.fixture
def smtp_account(tmp_path: Path) -> Callable[..., Account]:
    def make(connection: str, options: Mapping[str, Any] | None = None, timeout: float = 5.0) -> Account:
        return Account(
            name="inbox",
            kind="smtp",
            connection=Secret(connection),
            home=tmp_path,
            environment="dev",
            timeout=timeout,
            options=options or {},
        )

    return make


@pytest.fixture
def open_smtp(smtp_account: Callable[..., Account]) -> Iterator[Callable[..., SmtpDestination]]:
    opened = []

    def make(port: int, query: str = "", **values: Any) -> SmtpDestination:
        destination = open_destination(smtp_account(f"smtp://127.0.0.1:{port}{query}", **values))
        opened.append(destination)
        return destination  # type: ignore[return-value]

    yield make
    for destination in opened:
        destination.close()


@pytest.fixture
def rendered() -> Callable[..., Rendered]:
    def make(key: str = "key-1", to: str = "jane@mail.example", **changes: Any) -> Rendered:
        values: dict[str, Any] = {
            "message_key": key,
            "channel": Channel.EMAIL,
            "contact_point": to,
            "sender": Sender("Fern & Clay", "hello@shop.example", "help@shop.example"),
            "purpose": Purpose.MARKETING,
            "parts": {"subject": "Hello", "preheader": "", "html": "<p>Hello</p>", "text": "Hello\n"},
            "unsubscribe_url": "https://shop.example/u/1.abc.def",
            "sent_at": SENT_AT,
        }
        return Rendered(**(values | changes))

    return make
