from datetime import datetime

import pyarrow as pa

from activation.ledger import Ledger, claims, leases, pauses, runs, suppressions
from activation.ledger.approvals import Answer, Approval, answer
from activation.ledger.audiences import MemberRecord, record_members
from activation.ledger.export import SCHEMAS, export_changes
from activation.ledger.feedback import Feedback, record_feedback
from activation.ledger.leases import queue_lease
from activation.ledger.outcomes import Settled, record
from activation.ledger.suppressions import Suppression
from activation.model import MemberAction, MemberChange, MemberState, RunMode, State

QUEUE = "inbox:batch:0"


def _rows(ledger: Ledger, after: int = 0, batch_size: int = 10_000) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for table, batch in export_changes(ledger, after, batch_size):
        assert batch.schema == SCHEMAS[table]
        found.setdefault(table, []).extend(batch.to_pylist())
    return found


def _claim(ledger: Ledger, size: int) -> list[claims.Attempt]:
    lease = leases.acquire(ledger, queue_lease(QUEUE))
    attempts = claims.waiting(ledger, QUEUE, size, 10**9)
    with ledger.write() as writing:
        claims.take(writing, lease, lease.deadline, attempts, ledger.clock.now())
    return attempts


def test_every_change_of_a_message_is_a_row(ledger: Ledger, put, make_message) -> None:
    """Planned, claimed while it lasts, and the outcome; the highest number is the state."""
    put([make_message(number) for number in range(3)])
    taken = _claim(ledger, 2)
    assert [row["state"] for row in _rows(ledger)["delivery_changes"]].count("claimed") == 2
    with ledger.write() as writing:
        record(writing, [Settled(taken[0], State.ACCEPTED, provider_id="p0")], ledger.clock.now())
    rows = sorted(_rows(ledger)["delivery_changes"], key=lambda row: row["sequence"])
    newest = {row["message_key"]: row["state"] for row in rows}
    assert newest == {"key0": "accepted", "key1": "claimed", "key2": "planned"}
    last = rows[-1]
    assert (last["provider_id"], last["trigger_id"], last["occurrence_ids"]) == ("p0", "welcome", '["occurrence"]')
    assert (last["decision_id"], last["attempt_id"], last["contact_point"]) == (
        "decision0",
        taken[0].attempt_id,
        "person0@shop.example",
    )
    assert last["copied_at"] == datetime(2026, 3, 1, 9)
    assert last["incarnation"] == ledger.incarnation()


def test_every_table_is_exported_and_numbers_are_shared(ledger: Ledger, put, make_message) -> None:
    """One rising sequence runs through all tables, and the mark is its top."""
    put([make_message(0)])
    runs.announce(ledger, runs.start_run(ledger, "batch", RunMode.LIVE).run_id)
    suppressions.suppress(ledger, [Suppression("a@shop.example", "email", "default", reason="complaint")])
    pauses.pause(ledger, "all", "test")
    answer(ledger, Approval("welcome", "d1", Answer.APPROVE, "Lena", 412, "checked"))
    record_feedback(ledger, [Feedback("f1", "opened", "email", ledger.clock.now(), "key0")])
    change = MemberChange("c1", 1, "simulation", "default", "vip", "list", "m1", "a@x", MemberAction.ADD, {}, "hash")
    with ledger.write() as writing:
        record_members(writing, [MemberRecord(change, MemberState.CONFIRMED)], ledger.clock.now())
    rows = _rows(ledger)
    assert set(rows) == set(SCHEMAS)
    numbers = [row["sequence"] for table in rows for row in rows[table] if "sequence" in row]
    assert len(numbers) == len(set(numbers))
    assert rows["marks"][0]["high_water_mark"] == max(numbers) == ledger.high_water_mark()
    assert rows["runs"][0]["announced_at"] is not None
    assert rows["suppressions"][0]["reason"] == "complaint"
    (approval,) = rows["approvals"]
    assert (approval["plan_digest"], approval["verdict"], approval["decided_by"]) == ("d1", "approve", "Lena")
    assert (approval["person_count"], approval["decided_at"]) == (412, ledger.clock.now())


def test_going_on_from_the_mark_gives_each_change_once(ledger: Ledger, put, make_message) -> None:
    """Copies taken one after the other add up to the whole, in batches of any size."""
    seen: list[tuple[str, int]] = []
    after = 0
    for number in range(4):
        put([make_message(number)], queue=f"inbox:batch:{number % 2}")
        rows = _rows(ledger, after, batch_size=1)
        seen += [(row["message_key"], row["sequence"]) for row in rows.get("delivery_changes", [])]
        after = rows["marks"][0]["high_water_mark"]
    assert seen == [(f"key{number}", number + 1) for number in range(4)]
    assert set(_rows(ledger, after)) == {"marks"}


def test_what_comes_during_an_export_is_left_for_the_next(ledger: Ledger, put, make_message) -> None:
    """An export shows one instant, however long it takes."""
    put([make_message(0), make_message(1)])
    exporting = export_changes(ledger, batch_size=1)
    batches: list[tuple[str, pa.RecordBatch]] = [next(exporting)]
    pauses.pause(ledger, "all", "test")
    batches += list(exporting)
    assert "pauses" not in {table for table, _ in batches}
    mark = batches[-1][1].to_pylist()[0]["high_water_mark"]
    assert set(_rows(ledger, mark)) == {"pauses", "marks"}
