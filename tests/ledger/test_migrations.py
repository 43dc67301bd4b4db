"""A ledger that an older version made goes on under this one."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from activation.ledger import Ledger, open_ledger, tables
from activation.ledger.approvals import Answer, Approval, answer
from activation.ledger.claims import waiting
from activation.ledger.migrations import STEPS
from activation.ledger.operations import status
from activation.model import Item
from activation.settings import Settings

QUEUE = "inbox:batch:0"
ADDED = ("subject", "offer", "items")


def make_older(path: Path) -> None:
    """Take a ledger back to version 1: what came after it is dropped."""
    with sqlite3.connect(path) as connection:
        for column in ADDED:
            connection.execute(f"alter table messages drop column {column}")
        connection.execute("drop table approvals")
        connection.execute("update meta set schema_version = 1")


@pytest.fixture
def older(settings: Settings, ledger: Ledger, put, make_message) -> Settings:
    """A ledger of version 1 with one message that waits."""
    put([make_message(0)])
    ledger.close()
    make_older(settings.home / "ledger.sqlite")
    return settings


def test_there_is_a_step_for_every_version() -> None:
    """From the first to the present one."""
    assert sorted(STEPS) == list(range(2, tables.SCHEMA_VERSION + 1))


def test_an_older_ledger_is_brought_up_to_date(older: Settings) -> None:
    """What it held is there, what it lacked can be written, and it is the same ledger."""
    with open_ledger(older) as opened:
        assert status(opened).states == {"planned": 1}
        (attempt,) = waiting(opened, QUEUE, 1, 10**9)
        assert (attempt.message.subject, attempt.message.offer, attempt.message.items) == (None, None, ())
        assert answer(opened, Approval("welcome", "d1", Answer.APPROVE, "Lena", 1))
        incarnation = opened.incarnation()
        with opened.read() as connection:
            assert connection.execute(select(tables.meta.c.schema_version)).scalar_one() == tables.SCHEMA_VERSION
    with open_ledger(older) as again:
        assert again.incarnation() == incarnation


def test_it_has_what_a_new_one_has(older: Settings, tmp_path: Path) -> None:
    """Every table and column, by name."""

    def shape(settings: Settings) -> dict[str, set[str]]:
        with open_ledger(settings) as opened, opened.read() as connection:
            found = inspect(connection)
            return {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}

    fresh = Settings.from_environ({"ACTIVATION_HOME": str(tmp_path / "new"), "ACTIVATION_ENVIRONMENT": "simulation"})
    assert shape(older) == shape(fresh)


def test_several_that_open_it_at_once_agree(older: Settings) -> None:
    """One brings it up to date; the others find it done."""
    found: list[str] = []

    def open_it() -> None:
        with open_ledger(older) as opened:
            found.append(opened.incarnation())

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_digest_is_kept_whole(ledger: Ledger, put, make_message) -> None:
    """Subject, offer and what a message carries come back as they were written."""
    items = (Item("welcome", {"a": "ü"}), Item("price_drop", {"items": [1]}))
    message = make_message(0, subject="{{ customer.first_name }}!", offer="TEN", items=items)
    put([message])
    (attempt,) = waiting(ledger, QUEUE, 1, 10**9)
    assert attempt.message == message
