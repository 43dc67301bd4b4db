"""Workers are killed at every step and at random; the ledger's promise holds each time.

ACTIVATION_LONG_FAULTS=<rounds> makes the random ones long.
"""

import os
import random
import signal

import pytest

from activation.model import IdempotencyScope, OnUnknown

POINTS = (
    "before_claim",
    "after_claim",
    "before_call",
    "in_call",
    "after_call",
    "before_outcome",
    "after_outcome",
)
PROMISES = [
    (IdempotencyScope.NONE, OnUnknown.HOLD),
    (IdempotencyScope.NONE, OnUnknown.RESEND),
    (IdempotencyScope.MESSAGE, OnUnknown.HOLD),
    (IdempotencyScope.REQUEST, OnUnknown.HOLD),
]
ROUNDS = int(os.environ.get("ACTIVATION_LONG_FAULTS", "4"))


@pytest.mark.parametrize(("scope", "on_unknown"), PROMISES)
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_at_each_step_breaks_no_promise(open_shop, kill_at, point, scope, on_unknown) -> None:
    """Killed once at this step and run again: nothing lost, nothing doubled but by policy, every doubt listed."""
    shop = open_shop(scope, on_unknown)
    assert not shop.live(kill_at(point, 2))
    assert shop.live()
    shop.look().assert_promise_kept()


@pytest.mark.parametrize(("scope", "on_unknown"), PROMISES)
def test_workers_killed_again_and_again_break_no_promise(open_shop, kill_at, scope, on_unknown) -> None:
    """Several crashes in a row at steps chosen by chance, the same for every run of the suite."""
    chance = random.Random(f"{scope}{on_unknown}")
    for number in range(max(1, ROUNDS // 2)):
        shop = open_shop(scope, on_unknown, name=f"shop{number}")
        for _ in range(3):
            shop.live(kill_at("*", chance.randint(1, 25)))
        assert shop.live()
        shop.look().assert_promise_kept()


@pytest.mark.parametrize(("scope", "on_unknown"), PROMISES)
def test_workers_killed_at_any_instruction_break_no_promise(open_shop, scope, on_unknown) -> None:
    """The end comes from a timer, between any two instructions, in the middle of a commit as well."""
    chance = random.Random(f"timer{scope}{on_unknown}")
    for number in range(ROUNDS):
        shop = open_shop(scope, on_unknown, name=f"shop{number}")
        seconds = chance.uniform(0.005, 0.12)
        armed = False

        def arm(_name: str, seconds: float = seconds) -> None:
            nonlocal armed
            if not armed:
                armed = True
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.setitimer(signal.ITIMER_REAL, seconds)

        shop.live(arm)
        assert shop.live()
        assert shop.live()
        shop.look().assert_promise_kept()
