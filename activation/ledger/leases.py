"""Leases: who may do a thing now.

One whose deadline passed may be taken over; the epoch tells the old holder from the new. Named leases: `decide` (one
decider at a time), `warehouse`, `queue:<queue>`, `audience:<destination>:<audience>`.
"""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, insert, select, update

from activation.errors import BusyError, LedgerError
from activation.ledger import tables
from activation.ledger.store import Ledger, Writing

DECIDE = "decide"
WAREHOUSE = "warehouse"
LENGTH = timedelta(seconds=60)

logger = logging.getLogger(__name__)


class LeaseLostError(BusyError):
    """Another process took the lease over after its deadline; what was claimed under it may still be recorded."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as its holder knows it."""

    name: str
    holder: str
    epoch: int
    deadline: datetime


def queue_lease(queue: str) -> str:
    """The name of a queue's lease."""
    return f"queue:{queue}"


def new_holder() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def acquire(ledger: Ledger, name: str, holder: str | None = None, length: timedelta = LENGTH) -> Lease:
    """Take a lease that is free or has lapsed. Raises BusyError naming the holder and the deadline."""
    holder = holder or new_holder()
    now = ledger.clock.lease_now()
    with ledger.write() as writing:
        row = writing.execute(select(tables.leases).where(tables.leases.c.name == name)).first()
        if row is not None and row.holder and row.deadline > now:
            raise BusyError(
                f"`{name}` is held by {row.holder} until {row.deadline:%Y-%m-%d %H:%M:%S} UTC.",
                "Wait for it to finish and repeat.",
            )
        lease = Lease(name, holder, 1 if row is None else row.epoch + 1, now + length)
        values = {"holder": holder, "epoch": lease.epoch, "deadline": lease.deadline}
        if row is None:
            writing.execute(insert(tables.leases).values(name=name, **values))
        else:
            writing.execute(update(tables.leases).where(tables.leases.c.name == name).values(**values))
    return lease


def fence(writing: Writing, lease: Lease, deadline: datetime) -> Lease:
    """Renew a lease inside a write: what is written with it is written by its holder or not at all.

    Raises LeaseLostError when somebody took it over. One that lapsed and that nobody took is still its holder's.
    """
    if writing.execute(update(tables.leases).where(_is(lease)).values(deadline=deadline)).rowcount != 1:
        raise LeaseLostError(f"`{lease.name}` was taken over by another process.", "Nothing to do: it carries on.")
    return replace(lease, deadline=deadline)


def renew(ledger: Ledger, lease: Lease, length: timedelta = LENGTH) -> Lease:
    """Put the deadline further off. Raises LeaseLostError."""
    deadline = ledger.clock.lease_now() + length
    with ledger.write() as writing:
        return fence(writing, lease, deadline)


def release(ledger: Ledger, lease: Lease) -> bool:
    """Give a lease back; returns False when it was taken over meanwhile. Its epoch stays, so that numbers only rise."""
    now = ledger.clock.lease_now()
    with ledger.write() as writing:
        return writing.execute(update(tables.leases).where(_is(lease)).values(holder="", deadline=now)).rowcount == 1


@contextmanager
def hold(ledger: Ledger, name: str, holder: str | None = None, length: timedelta = LENGTH) -> Iterator[Lease]:
    """Hold a lease for as long as the block lasts, renewing it from a thread, so that a crash frees it soon.

    Raises BusyError at once when it is held, and LeaseLostError at the end when it was lost on the way.
    """
    lease = acquire(ledger, name, holder, length)
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(ledger, lease, length, done), daemon=True)
    keeper.start()
    try:
        yield lease
    except BaseException:
        _let_go(ledger, lease, done, keeper)
        raise
    if not _let_go(ledger, lease, done, keeper):
        raise LeaseLostError(f"`{name}` was taken over by another process.", "Repeat what was done under it.")


def _let_go(ledger: Ledger, lease: Lease, done: threading.Event, keeper: threading.Thread) -> bool:
    done.set()
    keeper.join()
    with suppress(LedgerError):
        return release(ledger, lease)
    # It lapses by itself; whether it was lost cannot be known.
    return True


def _keep(ledger: Ledger, lease: Lease, length: timedelta, done: threading.Event) -> None:
    while not done.wait(length.total_seconds() / 3):
        try:
            renew(ledger, lease, length)
        except LeaseLostError:
            return
        except LedgerError as error:
            logger.warning("the lease %s could not be renewed: %s", lease.name, error.message)


def _is(lease: Lease) -> ColumnElement[bool]:
    row = tables.leases.c
    return (row.name == lease.name) & (row.holder == lease.holder) & (row.epoch == lease.epoch)
