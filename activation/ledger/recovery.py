"""A ledger that was lost or rolled back: noticing it, and taking over the warehouse's copy.

What the copy cannot say is taken for sent: planned and claimed messages become `unknown`, and so does every decision
that was taken before the recovery and that the copy does not know (see `delivery/plan.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, insert, select, update

from activation.errors import LedgerBehindError
from activation.ledger import tables
from activation.ledger.approvals import Answer
from activation.ledger.attempts import NewAttempt, append, insert_messages
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks
from activation.ledger.outcomes import record_by_id
from activation.ledger.states import SENT, has_outcome, standings
from activation.ledger.store import Ledger, Writing, new_incarnation
from activation.model import OnUnknown, RunMode, State

RECOVERED = "recovered"
LANE = "recovered"
REMEDY = "Run `activation ledger recover`, which takes over the warehouse's copy."
IN_FLIGHT = frozenset({State.PLANNED, State.CLAIMED})

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Copy:
    """The warehouse's copy of a ledger: the rows of its schema `engine`, any repeats included."""

    delivery_changes: Rows = ()
    suppressions: Rows = ()
    pauses: Rows = ()
    approvals: Rows = ()
    feedback: Rows = ()
    audience_members: Rows = ()
    runs: Rows = ()


@dataclass
class RecoveryReport:
    """What a recovery took over. `doubtful` may have gone out after the copy was made; each is listed as unknown."""

    incarnation: str
    messages: int = 0
    doubtful: int = 0
    other_rows: int = 0


def check_not_behind(ledger: Ledger, mark: Mapping[str, Any] | None) -> None:
    """Refuse to go on with a ledger that the warehouse knows to have been further. `mark` is the newest row of
    `engine.marks`, None while there is none. Raises LedgerBehindError."""
    if mark is None:
        return
    with ledger.read() as connection:
        rows = connection.execute(select(tables.meta)).all()
        reached = connection.execute(select(tables.counters.c.value)).scalar_one()
    current = next(row for row in rows if row.is_current)
    marked = int(mark["high_water_mark"])
    if mark["incarnation"] == current.incarnation:
        if marked > reached:
            raise LedgerBehindError(f"The ledger stands at {reached}, its copy in the warehouse at {marked}.", REMEDY)
        return
    earlier = {row.incarnation: row.recovered_mark or 0 for row in rows if not row.is_current}
    if marked > earlier.get(mark["incarnation"], -1):
        raise LedgerBehindError(
            f"The warehouse has a copy up to {marked} of another ledger, {mark['incarnation']}.", REMEDY
        )


def recovered_at(ledger: Ledger) -> datetime | None:
    """When this ledger was last recovered, by the business clock; None if it never was."""
    with ledger.read() as connection:
        instant: datetime | None = connection.execute(select(func.max(tables.meta.c.recovered_at))).scalar_one()
    return instant


def recover(ledger: Ledger, mark: Mapping[str, Any], copy: Copy) -> RecoveryReport:
    """Take over the warehouse's copy under a new incarnation, in one transaction. Safe to repeat.

    Stop whatever sends before, and export after: the copy is then complete again.
    """
    now = ledger.clock.now()
    values = new_incarnation()
    report = RecoveryReport(values["incarnation"])
    newest = _newest(copy.delivery_changes, "message_key")
    with ledger.write() as writing:
        writing.raise_to(max([int(mark["high_water_mark"]), *(int(row["sequence"]) for row in newest.values())]))
        _change_incarnation(writing, values, mark, now)
        report.doubtful += _doubt_open(writing, now)
        for keys in in_chunks(newest, KEYS_PER_STATEMENT):
            _take_over(writing, {key: newest[key] for key in keys}, now, report)
        _restore_logs(writing, copy, report)
        _restore_runs(writing, copy.runs, report)
    return report


def _newest(rows: Rows, key: str) -> dict[Any, Mapping[str, Any]]:
    newest: dict[Any, Mapping[str, Any]] = {}
    for row in rows:
        if row[key] not in newest or row["sequence"] >= newest[row[key]]["sequence"]:
            newest[row[key]] = row
    return newest


def _change_incarnation(writing: Writing, values: Mapping[str, Any], mark: Mapping[str, Any], now: datetime) -> None:
    reached = max(int(mark["high_water_mark"]), writing.reserve())
    known = {row.incarnation for row in writing.execute(select(tables.meta.c.incarnation))}
    writing.execute(update(tables.meta).values(is_current=False, recovered_mark=reached))
    if mark["incarnation"] not in known:
        earlier = {**values, "incarnation": mark["incarnation"], "is_current": False, "recovered_mark": reached}
        writing.execute(insert(tables.meta).values(**earlier))
    writing.execute(insert(tables.meta).values(**values, recovered_at=now))


def _doubt_open(writing: Writing, now: datetime) -> int:
    """What this ledger itself holds planned or claimed may have gone out since: none of it is sent."""
    waiting = select(tables.attempts.c.attempt_id, tables.attempts.c.message_key).where(~has_outcome())
    rows = [(row.attempt_id, row.message_key, State.UNKNOWN, RECOVERED) for row in writing.execute(waiting)]
    record_by_id(writing, rows, now)
    writing.execute(update(tables.claims).where(tables.claims.c.closed_at.is_(None)).values(closed_at=now))
    return len(rows)


def _take_over(writing: Writing, rows: Mapping[str, Mapping[str, Any]], now: datetime, report: RecoveryReport) -> None:
    known = standings(writing.connection, list(rows))
    fresh = {key: row for key, row in rows.items() if key not in known}
    insert_messages(writing, [_message(row) for row in fresh.values()])
    attempts = [
        NewAttempt(f"{row['destination']}:{LANE}:0", key, row["decision_id"], int(row["run_id"]))
        for key, row in fresh.items()
    ]
    ids = dict(zip(fresh, append(writing, attempts, now), strict=True))
    outcomes = []
    for key, row in rows.items():
        state = State(row["state"])
        state = State.UNKNOWN if state in IN_FLIGHT else state
        if key in known and (known[key].state is state or known[key].state.value in SENT):
            continue
        outcomes.append((ids.get(key) or known[key].attempt_id, key, state, row["reason"] or RECOVERED))
        report.doubtful += state is State.UNKNOWN
    record_by_id(writing, outcomes, now)
    report.messages += len(outcomes)


def _message(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the copy has of a message is enough to know that it went out, not to send it again."""
    copied = {column.name: row[column.name] for column in tables.messages.c if column.name in row}
    return {
        **copied,
        "step": 1,
        "contact_point_id": "",
        "sender": "",
        "locale": "",
        "timezone": "",
        "priority": 0,
        "on_unknown": OnUnknown.HOLD.value,
        "mandatory": False,
        "context": "{}",
        "customer": "{}",
        "send_not_before": row["changed_at"],
        "send_not_after": row["changed_at"],
        "decided_at": row["changed_at"],
    }


def _restore_logs(writing: Writing, copy: Copy, report: RecoveryReport) -> None:
    """Append the copied rows above what the ledger itself holds, under their own numbers."""
    logs: tuple[tuple[Table, Rows, Mapping[str, Any]], ...] = (
        (tables.suppressions, copy.suppressions, {}),
        (tables.pauses, copy.pauses, {}),
        (tables.approvals, copy.approvals, {}),
        (tables.feedback, copy.feedback, {}),
        (tables.audience_members, copy.audience_members, {"change_id": RECOVERED, "run_id": 0}),
    )
    for table, rows, defaults in logs:
        report.other_rows += _restore(writing, table, rows, defaults)


def _restore(writing: Writing, table: Table, rows: Rows, defaults: Mapping[str, Any]) -> int:
    copied = _newest(rows, "sequence")
    writing.raise_to(max(map(int, copied), default=0))
    held = {row["sequence"]: row for row in writing.execute(select(table)).mappings()}
    known = {row["feedback_id"] for row in held.values()} if table is tables.feedback else set()
    count = 0
    for chunk in in_chunks(copied.values(), KEYS_PER_STATEMENT):
        fresh = [
            {**defaults, **{column.name: row[column.name] for column in table.c if column.name in row}}
            for row in chunk
            if not _is_held(row, held.get(row["sequence"])) and row.get("feedback_id") not in known
        ]
        for row in fresh:
            # A ledger that was rolled back may have given the number to another change since.
            if row["sequence"] in held:
                row["sequence"] = writing.reserve()
        if fresh:
            writing.execute(insert(table), fresh)
        count += len(fresh)
    return count


def _is_held(row: Mapping[str, Any], held: Mapping[Any, Any] | None) -> bool:
    """Whether the ledger has this very row; where its number is another's, a lifting and a yes to a plan are left out:
    the safe side."""
    if held is None:
        return False
    is_unsafe = row.get("is_lifted") is True or row.get("verdict") == Answer.APPROVE.value
    return is_unsafe or all(row[name] == held[name] for name in held if name in row)


def _restore_runs(writing: Writing, rows: Rows, report: RecoveryReport) -> None:
    held = set(writing.execute(select(tables.runs.c.run_id)).scalars())
    newest: dict[int, Mapping[str, Any]] = {}
    for row in rows:
        if row["run_id"] not in newest or row["announced_at"] is not None:
            newest[row["run_id"]] = row
    for run_id, row in newest.items():
        if run_id in held:
            continue
        state = RECOVERED if row["mode"] == RunMode.LIVE else "started"
        values = {name: row[name] for name in ("lane", "as_of", "mode", "started_at", "announced_at")}
        writing.execute(insert(tables.runs).values(run_id=run_id, sequence=writing.reserve(), state=state, **values))
        report.other_rows += 1
