"""A sender that is killed in mid-send, over a real mail server, and the run that follows."""

import hashlib
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from activation import operations, simulation
from activation.ledger import open_ledger
from activation.ledger.clock import utc_now
from activation.model import Purpose
from activation.simulator.inbox import SmtpServer

DEADLY = 7

pytestmark = pytest.mark.dbt


class Killer:
    """An SMTP handler that keeps what it gets and kills the sender while the n-th message waits for its answer."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.victim: int | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        header = next(line for line in envelope.content.splitlines() if line.lower().startswith(b"message-id:"))
        self.ids.append(header.decode())
        if self.victim is not None and len(self.ids) == DEADLY:
            os.kill(self.victim, signal.SIGKILL)
        return "250 kept"


def test_a_killed_run_repeated_loses_nothing_and_doubles_only_what_the_policy_resends(deployment: Any) -> None:
    """Every message is final or listed; at most W per queue are in doubt; marketing among them is held."""
    killer = Killer()
    server = SmtpServer(killer)
    server.start()
    deployment.environ["ACTIVATION_DESTINATION_INBOX"] = f"smtp://127.0.0.1:{server.port}"
    try:
        with deployment.app() as app:
            simulation.create_shop(app, customers=600, days=60, seed=5, until=None)
            app.build()
            simulation.advance_shop(app, timedelta(days=1))
            planned = app.build()["messages"]
            assert planned > DEADLY + 5
            window = app.config.destinations["inbox"].window or 0
        sender = subprocess.Popen([sys.executable, "-m", "activation.cli", "send"], env=deployment.environ)
        killer.victim = sender.pid
        assert sender.wait(timeout=120) == -signal.SIGKILL
        killer.victim = None
        after_the_crash = repeat_later(deployment)
        known = dict(purposes(deployment))
    finally:
        server.stop()

    states = Counter(after_the_crash["states"])
    assert states["accepted"] + states["unknown"] == planned == len(known)
    doubtful = after_the_crash["doubtful"]
    assert len(doubtful) == states["unknown"] <= window
    assert all(known[doubt["message_key"]] == Purpose.MARKETING for doubt in doubtful)
    twice = [identity for identity, count in Counter(killer.ids).items() if count > 1]
    assert len(killer.ids) - len(set(killer.ids)) == len(twice) <= window
    assert len(set(killer.ids)) >= states["accepted"]
    resent = {
        hashlib.sha256(key.encode()).hexdigest() for key, purpose in known.items() if purpose != Purpose.MARKETING
    }
    assert {identity.partition("<")[2].partition("@")[0] for identity in twice} <= resent


def repeat_later(deployment: Any) -> dict[str, Any]:
    """Send again when the dead process's leases have lapsed, and say how the ledger stands."""
    with deployment.app() as app:
        app._ledger = open_ledger(app.settings, real_now=lambda: utc_now() + timedelta(hours=1))
        app.send()
        return operations.ledger_status(app)


def purposes(deployment: Any) -> list[tuple[str, str]]:
    from sqlalchemy import select

    from activation.ledger import tables

    with deployment.app() as app, app.ledger.read() as connection:
        rows = connection.execute(select(tables.messages.c.message_key, tables.messages.c.purpose))
        return [(row.message_key, row.purpose) for row in rows]
