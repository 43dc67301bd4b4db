from hypothesis import given
from hypothesis import strategies as st

from activation.delivery.calls import Caller, Pace
from activation.destinations.double import DestinationDouble
from activation.errors import (
    AnswerLostError,
    BatchRefusedError,
    CredentialsRefusedError,
    ThrottledError,
    UnreachableError,
)
from activation.model import (
    Abilities,
    Channel,
    Idempotency,
    IdempotencyScope,
    Purpose,
    Rendered,
    Sender,
    State,
)


def _after(error: Exception):
    def fault(_batch: object) -> None:
        raise error

    return fault


FAULTS = st.sampled_from(
    [
        None,
        UnreachableError("away"),
        ThrottledError("slower", retry_after=1),
        ThrottledError("slower", retry_after=999),
        BatchRefusedError("refused"),
        CredentialsRefusedError("no"),
        AnswerLostError("before"),
        _after(AnswerLostError("after")),
    ]
)
SCOPES = st.sampled_from(list(IdempotencyScope))


@given(faults=st.lists(FAULTS, max_size=12), scope=SCOPES, count=st.integers(1, 5))
def test_whatever_happens_nothing_is_called_unsent_that_was_accepted(faults, scope, count) -> None:
    """For any course of faults: what the destination took is accepted or unknown, never certainly unsent; nothing is
    accepted that it did not take; and without idempotency nothing is handed over twice."""
    abilities = Abilities(Channel.EMAIL, 8, batch=8, idempotency=Idempotency(scope))
    double = DestinationDouble(abilities=abilities, faults=list(faults))
    sender = Sender("Shop", "shop@shop.example")
    batch = [
        Rendered(f"key{n}", Channel.EMAIL, f"{n}@shop.example", sender, Purpose.MARKETING, {"text": "x"})
        for n in range(count)
    ]
    results = {}
    try:
        Caller(double, Pace(), lambda _seconds: None, lambda: None).call(batch, results)
    except (UnreachableError, ThrottledError, CredentialsRefusedError):
        pass
    else:
        assert len(results) == count
    taken = double.accepted_keys()
    assert len(taken) == len(set(taken))
    for key in taken:
        assert results[key].state in (State.ACCEPTED, State.UNKNOWN)
    for key, outcome in results.items():
        assert outcome.state is not State.ACCEPTED or key in taken
