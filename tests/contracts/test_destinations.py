"""What every destination promises, run over the registry: a new kind is in without being asked.

A kind needs one thing from its author: a counterpart below, that is an account that works, one that cannot be reached,
and how to make one message of a batch be refused.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from activation.destinations import open_destination, registry
from activation.destinations.base import Account, Destination
from activation.errors import DestinationError
from activation.model import (
    Channel,
    IdempotencyScope,
    MemberAction,
    MemberChange,
    MemberState,
    Outcome,
    Purpose,
    Rendered,
    Sender,
    State,
)
from activation.settings import Secret
from activation.simulator.inbox import SmtpServer

SECRET = "s3cret-pa55"
KINDS = sorted(registry())


@dataclass(frozen=True)
class Counterpart:
    """What stands on the other side. `refused` is an address that it refuses, None where nothing is refused."""

    working: Account
    unreachable: Account
    refused: str | None


def account(kind: str, home: Path, connection: str | None = None) -> Account:
    return Account(
        "contract", kind, Secret(connection) if connection else None, home, "dev", 2.0, channel=Channel.EMAIL
    )


class _Relay:
    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd names it
        if address.startswith("refused"):
            return "550 5.1.1 unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd names it
        return "250 OK"


def _smtp(home: Path) -> Iterator[Counterpart]:
    server = SmtpServer(_Relay())
    server.start()
    yield Counterpart(
        account("smtp", home, f"smtp://127.0.0.1:{server.port}"),
        account("smtp", home, f"smtp://user:{SECRET}@127.0.0.1:1"),
        "refused@mail.example",
    )
    server.stop()


def _file(home: Path) -> Iterator[Counterpart]:
    blocked = home / "blocked"
    blocked.write_text("in the way")
    yield Counterpart(account("file", home), replace(account("file", blocked), home=blocked), None)


COUNTERPARTS: dict[str, Callable[[Path], Iterator[Counterpart]]] = {"file": _file, "smtp": _smtp}


@pytest.fixture(params=KINDS)
def counterpart(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counterpart]:
    if request.param not in COUNTERPARTS:
        pytest.fail(f"give the kind {request.param!r} a counterpart in {Path(__file__).name}")
    yield from COUNTERPARTS[request.param](tmp_path)


@pytest.fixture
def destination(counterpart: Counterpart) -> Iterator[Destination]:
    opened = open_destination(counterpart.working)
    opened.open()
    yield opened
    opened.close()


def message(key: str, to: str = "jane@mail.example") -> Rendered:
    return Rendered(
        message_key=key,
        channel=Channel.EMAIL,
        contact_point=to,
        sender=Sender("Shop", "hello@shop.example"),
        purpose=Purpose.TRANSACTIONAL,
        parts={"subject": "s", "preheader": "", "html": "<p>h</p>", "text": "t"},
    )


def change(number: int) -> MemberChange:
    return MemberChange(
        change_id=str(number),
        run_id=1,
        environment="dev",
        brand="default",
        audience_id="lapsed",
        destination="contract",
        member_id=str(number),
        identifier="jane@mail.example",
        action=MemberAction.ADD,
        traits={},
        traits_hash="h",
    )


def send(destination: Destination, messages: list[Rendered]) -> list[Outcome]:
    """As the engine does: no call takes more than `batch`."""
    size = destination.abilities.batch
    batches = [messages[start : start + size] for start in range(0, len(messages), size)]
    return [outcome for batch in batches for outcome in destination.send(batch)]


def test_the_registry_is_not_empty() -> None:
    """The suite found something to hold."""
    assert {"file", "smtp"} <= set(KINDS)


def test_abilities_are_sane(destination: Destination) -> None:
    """A batch fits the window, a call ends, and idempotency has a lifetime if and only if it has a scope."""
    abilities = destination.abilities
    assert 1 <= abilities.batch <= abilities.window <= 1000
    assert 0 < abilities.timeout <= 600
    assert abilities.takes_messages or abilities.takes_members
    assert (abilities.idempotency.scope is IdempotencyScope.NONE) is not bool(abilities.idempotency.lifetime)


def test_the_deployment_chooses_the_window(counterpart: Counterpart) -> None:
    """A configured window holds, and the batch keeps within it."""
    abilities = open_destination(replace(counterpart.working, window=2)).abilities
    assert abilities.window == 2
    assert abilities.batch <= 2


def test_nothing_to_do_is_done(destination: Destination) -> None:
    """An empty batch has no outcome and no effect."""
    assert list(destination.send([])) == []
    assert list(destination.sync([])) == []


def test_all_are_accepted(destination: Destination) -> None:
    """One outcome per message, under its key, and with a name to find it by at the service."""
    if not destination.abilities.takes_messages:
        pytest.skip("takes no messages")
    keys = [f"key-{number}" for number in range(5)]
    outcomes = send(destination, [message(key) for key in keys])
    assert sorted(outcome.message_key for outcome in outcomes) == keys
    assert {outcome.state for outcome in outcomes} == {State.ACCEPTED}
    assert all(outcome.provider_id for outcome in outcomes)


def test_one_refused_among_many(destination: Destination, counterpart: Counterpart) -> None:
    """Only the refused one is rejected, with a reason that does not hold the address."""
    if counterpart.refused is None:
        pytest.skip("refuses nothing")
    messages = [
        message(str(number), counterpart.refused if number == 2 else "jane@mail.example") for number in range(5)
    ]
    outcomes = {outcome.message_key: outcome for outcome in send(destination, messages)}
    assert {key for key, outcome in outcomes.items() if outcome.state is State.REJECTED} == {"2"}
    assert outcomes["2"].reason
    assert counterpart.refused not in outcomes["2"].reason


def test_members_have_outcomes(destination: Destination) -> None:
    """One outcome per change, under its id, submitted or confirmed."""
    if not destination.abilities.takes_members:
        pytest.skip("takes no members")
    outcomes = destination.sync([change(1), change(2)])
    assert sorted(outcome.change_id for outcome in outcomes) == ["1", "2"]
    assert {outcome.state for outcome in outcomes} <= {MemberState.SUBMITTED, MemberState.CONFIRMED}


def test_who_cannot_be_reached_says_so(counterpart: Counterpart, caplog: pytest.LogCaptureFixture) -> None:
    """`open`, `send` and `check` raise a DestinationError that names the destination and no secret."""
    caplog.set_level(logging.DEBUG)
    opened = open_destination(counterpart.unreachable)
    shown = repr(opened) + repr(counterpart.unreachable)
    for call in (opened.open, opened.check, lambda: opened.send([message("1")])):
        with pytest.raises(DestinationError) as raised:
            call()
        assert "contract" in str(raised.value)
        shown += str(raised.value) + repr(raised.value)
    opened.close()
    assert SECRET not in shown + caplog.text
    assert "jane@mail.example" not in shown + caplog.text


def test_check_says_what_is_there(destination: Destination) -> None:
    """One line for the doctor."""
    sentence = destination.check()
    assert sentence
    assert "\n" not in sentence


def test_closing_never_fails(counterpart: Counterpart) -> None:
    """Before opening, twice, and after use, which can go on."""
    opened = open_destination(counterpart.working)
    opened.close()
    opened.open()
    opened.close()
    opened.close()
    if opened.abilities.takes_messages:
        assert send(opened, [message("1")])[0].state is State.ACCEPTED
    opened.close()
