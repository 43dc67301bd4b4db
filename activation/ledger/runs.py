"""Runs: the hand-over between DAGs. Only a lane's newest announced live run may send."""

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Row

from activation.errors import RunRefusedError
from activation.ledger import tables
from activation.ledger.store import Ledger
from activation.model import Run, RunMode

LIVE_TOLERANCE = timedelta(minutes=15)
STARTED = "started"
ANNOUNCED = "announced"


def start_run(ledger: Ledger, lane: str, mode: RunMode, as_of: datetime | None = None) -> Run:
    """Begin a run; its number is higher than every earlier one's.

    Raises RunRefusedError for a live run whose `as_of` is not within minutes of the ledger's clock.
    """
    now = ledger.clock.now()
    as_of = now if as_of is None else as_of
    if mode is RunMode.LIVE and abs(now - as_of) > LIVE_TOLERANCE:
        raise RunRefusedError(
            f"A live run needs an as_of near the present: {as_of} is not within 15 minutes of {now}.",
            "Use the mode `analysis` for the past.",
        )
    with ledger.write() as writing:
        newest = writing.execute(select(func.max(tables.runs.c.run_id))).scalar_one() or 0
        values = {"lane": lane, "as_of": as_of, "mode": mode.value, "state": STARTED, "started_at": now}
        writing.execute(insert(tables.runs).values(run_id=newest + 1, sequence=writing.reserve(), **values))
    return Run(newest + 1, lane, as_of, mode)


def announce(ledger: Ledger, run_id: int) -> Run:
    """Make a live run the one that may send; it may be announced again. Raises RunRefusedError for any other mode."""
    now = ledger.clock.now()
    with ledger.write() as writing:
        row = writing.execute(select(tables.runs).where(tables.runs.c.run_id == run_id)).first()
        if row is None:
            raise RunRefusedError(f"There is no run {run_id}.", "Start one with `activation build`.")
        if row.mode != RunMode.LIVE:
            raise RunRefusedError(f"Run {run_id} is no live run and announces nothing.", "Start a live run.")
        if row.announced_at is None:
            change = update(tables.runs).where(tables.runs.c.run_id == run_id)
            writing.execute(change.values(announced_at=now, state=ANNOUNCED, sequence=writing.reserve()))
    return Run(row.run_id, row.lane, row.as_of, RunMode.LIVE, row.announced_at or now)


def find_run(ledger: Ledger, run_id: int) -> Run | None:
    """The run of this number."""
    with ledger.read() as connection:
        row = connection.execute(select(tables.runs).where(tables.runs.c.run_id == run_id)).first()
    return None if row is None else _run(row)


def newest_live(ledger: Ledger, lane: str) -> Run | None:
    """The lane's newest live run that was announced."""
    announced = (
        select(tables.runs)
        .where(tables.runs.c.lane == lane, tables.runs.c.mode == RunMode.LIVE.value)
        .where(tables.runs.c.announced_at.is_not(None))
        .order_by(tables.runs.c.run_id.desc())
        .limit(1)
    )
    with ledger.read() as connection:
        row = connection.execute(announced).first()
    return None if row is None else _run(row)


def has_live_run(ledger: Ledger) -> bool:
    """Whether any live run was ever announced: history may be imported only before."""
    live = select(tables.runs.c.run_id).where(tables.runs.c.announced_at.is_not(None)).limit(1)
    with ledger.read() as connection:
        return connection.execute(live).first() is not None


def assert_may_send(ledger: Ledger, run: Run) -> None:
    """Refuse every run but its lane's newest announced live one. Raises RunRefusedError."""
    newest = newest_live(ledger, run.lane)
    if run.mode is not RunMode.LIVE:
        raise RunRefusedError(f"Run {run.run_id} is no live run and may not send.", "Send from a live run.")
    if newest is None or newest.run_id != run.run_id:
        known = "none was announced" if newest is None else f"the newest announced is {newest.run_id}"
        raise RunRefusedError(
            f"Run {run.run_id} may not send in the lane {run.lane}: {known}.", "Send from the newest live run."
        )


def _run(row: Row[tuple[object, ...]]) -> Run:
    return Run(row.run_id, row.lane, row.as_of, RunMode(row.mode), row.announced_at)
