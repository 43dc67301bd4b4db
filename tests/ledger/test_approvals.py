from datetime import timedelta

from activation.ledger import Ledger
from activation.ledger.approvals import Answer, Approval, answer, answers

YES = Approval("welcome", "d1", Answer.APPROVE, "Lena", 412, "checked")
NO = Approval("welcome", "d1", Answer.REFUSE, "Ada", 410)


def test_the_newest_answer_to_a_plan_counts(ledger: Ledger) -> None:
    """Who changes their mind is heard, with name and time; another plan's answer stays its own."""
    assert answer(ledger, YES)
    ledger.clock.advance(timedelta(hours=1))
    assert answer(ledger, NO)
    assert answer(ledger, Approval("welcome", "d2", Answer.APPROVE, "Lena", 3))
    found = answers(ledger, "welcome")
    assert {digest: (kept.verdict, kept.decided_by) for digest, kept in found.items()} == {
        "d1": (Answer.REFUSE, "Ada"),
        "d2": (Answer.APPROVE, "Lena"),
    }
    assert found["d1"].decided_at == ledger.clock.now()
    assert answers(ledger, "win_back") == {}


def test_the_same_answer_again_is_no_change(ledger: Ledger) -> None:
    """It is recorded once, under whom said it first."""
    assert answer(ledger, YES)
    before = ledger.high_water_mark()
    assert not answer(ledger, Approval("welcome", "d1", Answer.APPROVE, "Ada", 9))
    assert ledger.high_water_mark() == before
    assert answers(ledger, "welcome")["d1"].decided_by == "Lena"
