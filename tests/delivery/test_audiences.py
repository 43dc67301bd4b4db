from dataclasses import replace

import pytest

from activation.delivery.audiences import require_synced, sync_audience
from activation.errors import (
    AnswerLostError,
    BatchRefusedError,
    BusyError,
    CredentialsRefusedError,
    DeliveryError,
    ThrottledError,
    UnreachableError,
)
from activation.ledger import leases, tables
from activation.model import MemberAction, MemberChange

CHANGE = MemberChange(
    change_id="",
    run_id=1,
    environment="simulation",
    brand="default",
    audience_id="vip",
    destination="list",
    member_id="",
    identifier="",
    action=MemberAction.ADD,
    traits={"tier": "gold"},
    traits_hash="hash",
)


def _changes(count: int, **fields: object) -> list[MemberChange]:
    return [
        replace(CHANGE, change_id=f"c{n}", member_id=f"m{n}", identifier=f"person{n}@shop.example", **fields)
        for n in range(count)
    ]


@pytest.fixture
def sync(shop):
    shop.offer(batch=2)
    return lambda changes: sync_audience(shop.ledger, shop.double, changes, sleeper=shop.waits.append)


def _states(shop) -> dict[str, str]:
    with shop.ledger.read() as connection:
        rows = connection.execute(tables.audience_members.select().order_by(tables.audience_members.c.sequence))
        return {row.change_id: row.state for row in rows}


def test_changes_are_handed_over_once(shop, sync) -> None:
    """A synchronisation that is repeated hands over nothing that was confirmed."""
    assert sync(_changes(5)).states == {"confirmed": 5}
    assert len(shop.double.members) == 5
    calls = shop.double.calls
    assert sync(_changes(5)).known == 5
    assert shop.double.calls == calls


def test_removals_are_handed_over_too(shop, sync) -> None:
    """A member that left the segment leaves the list."""
    sync(_changes(2))
    sync([replace(change, change_id=f"r{n}", action=MemberAction.REMOVE) for n, change in enumerate(_changes(2))])
    assert shop.double.members == {}


def test_a_refused_member_is_recorded_alone(shop, sync) -> None:
    """A refused batch is divided until the culprit is alone."""
    shop.double.poison = {"person1@shop.example": BatchRefusedError("malformed")}
    report = sync(_changes(4))
    assert report.states == {"confirmed": 3, "refused": 1}
    assert _states(shop)["c1"] == "refused"


def test_a_lost_answer_is_simply_asked_for_again(shop, sync, raising) -> None:
    """A list is a set: the repeat does no harm."""
    shop.double.faults = [raising(AnswerLostError("reset"))]
    assert sync(_changes(2)).states == {"confirmed": 2}


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (UnreachableError("away"), "unreachable"),
        (AnswerLostError("reset"), "answer_lost"),
        (ThrottledError("slower", retry_after=1), "throttled"),
        (CredentialsRefusedError("no"), "credentials_refused"),
    ],
)
def test_trouble_leaves_the_rest_for_the_next_time(shop, sync, error, trouble) -> None:
    """What was not handed over stays wanted, is counted, and goes with the next synchronisation."""
    shop.double.faults = [None, error, error, error]
    report = sync(_changes(6))
    assert (report.trouble, report.left, report.states) == (trouble, 4, {"confirmed": 2})
    assert _states(shop) == {"c0": "confirmed", "c1": "confirmed", "c2": "wanted", "c3": "wanted"}
    shop.double.faults = []
    assert sync(_changes(6)).states == {"confirmed": 4}


def test_a_destination_that_cannot_be_opened_is_trouble(shop, sync) -> None:
    """Nothing is recorded as wanted before there is a connection."""
    shop.double.open_faults = [UnreachableError("away")]
    report = sync(_changes(1))
    assert (report.trouble, report.left) == ("unreachable", 1)
    assert _states(shop) == {}
    with pytest.raises(DeliveryError, match="unreachable"):
        require_synced(report)


def test_refused_credentials_make_the_task_red_as_such(shop, sync) -> None:
    """Who has to mend what is in the error's class; a synchronisation without trouble raises nothing."""
    require_synced(sync(_changes(1)))
    shop.double.faults = [CredentialsRefusedError("no")]
    with pytest.raises(CredentialsRefusedError, match="1 member changes"):
        require_synced(sync([replace(_changes(1)[0], change_id="other")]))


def test_an_audience_has_one_process(shop, sync) -> None:
    """A second process is told who is at it."""
    leases.acquire(shop.ledger, "audience:list:vip", "the other")
    with pytest.raises(BusyError, match="the other"):
        sync(_changes(1))
