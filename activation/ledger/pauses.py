"""Pauses: scopes in which nothing is sent for now. Appended; lifting appends too."""

import re

from sqlalchemy import Connection, insert, select

from activation.errors import InputError
from activation.ledger import tables
from activation.ledger.store import Ledger
from activation.model import Message

SCOPE = re.compile(r"all|(trigger|channel|brand):.+")


def pause(ledger: Ledger, scope: str, reason: str) -> bool:
    """Pause `all`, `trigger:x`, `channel:x` or `brand:x`; returns whether it was not paused yet."""
    return _append(ledger, scope, reason, is_lifted=False)


def resume(ledger: Ledger, scope: str, reason: str = "") -> bool:
    """Lift a pause; returns whether there was one."""
    return _append(ledger, scope, reason, is_lifted=True)


def in_force(connection: Connection) -> dict[str, str]:
    """The scopes that are paused, each with its reason."""
    scopes: dict[str, str] = {}
    for row in connection.execute(select(tables.pauses).order_by(tables.pauses.c.sequence)):
        if row.is_lifted:
            scopes.pop(row.scope, None)
        else:
            scopes[row.scope] = row.reason
    return scopes


def is_paused(message: Message, scopes: dict[str, str]) -> bool:
    """Whether one of the paused scopes covers a message."""
    own = ("all", f"trigger:{message.trigger_id}", f"channel:{message.channel.value}", f"brand:{message.brand}")
    return any(scope in scopes for scope in own)


def _append(ledger: Ledger, scope: str, reason: str, is_lifted: bool) -> bool:
    if not SCOPE.fullmatch(scope):
        raise InputError(f"{scope!r} is no scope.", "Write all, trigger:<id>, channel:<name> or brand:<name>.")
    now = ledger.clock.now()
    with ledger.write() as writing:
        if (scope in in_force(writing.connection)) is not is_lifted:
            return False
        values = {"scope": scope, "reason": reason, "is_lifted": is_lifted, "changed_at": now}
        writing.execute(insert(tables.pauses).values(sequence=writing.reserve(), **values))
    return True
