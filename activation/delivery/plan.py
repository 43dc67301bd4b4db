"""Planning: messages that were decided become attempts in the ledger's queues. That consumes the decision."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from activation.config import Config
from activation.ledger.attempts import NewAttempt, append, insert_messages, queue_name, replace_messages
from activation.ledger.messages import in_chunks, message_row
from activation.ledger.outcomes import record_by_id
from activation.ledger.recovery import recovered_at
from activation.ledger.runs import assert_may_send
from activation.ledger.states import CLOSED_TO_PLANNING, Standing, standings
from activation.ledger.store import Ledger, Writing
from activation.ledger.withdrawals import withdraw
from activation.model import Message, Run, State

CHUNK = 500
BEFORE_RECOVERY = "before_recovery"
IN_QUEUE = frozenset({State.PLANNED, State.CLAIMED, State.UNKNOWN})

logger = logging.getLogger(__name__)


@dataclass
class PlanReport:
    """What planning did. `known` were planned before; `early` and `late` are outside their time and not consumed;
    `doubtful` were decided before the ledger was recovered, so they may have gone out."""

    run_id: int
    planned: int = 0
    known: int = 0
    withdrawn: int = 0
    early: int = 0
    late: int = 0
    doubtful: int = 0
    queues: Counter[str] = field(default_factory=Counter)


def plan(ledger: Ledger, run: Run, messages: Iterable[Message], config: Config) -> PlanReport:
    """Plan a run's messages, in the order given, a chunk per transaction.

    Safe to repeat: a decision is planned once, and a message that is under way or went out is never planned again.
    Raises RunRefusedError unless the run is its lane's newest live one.
    """
    assert_may_send(ledger, run)
    report = PlanReport(run.run_id)
    recovered = recovered_at(ledger)
    for chunk in in_chunks(messages, CHUNK):
        _Chunk(ledger, run, config, report, recovered).plan(chunk)
    logger.info("run %d: planned %d messages, %d were known", run.run_id, report.planned, report.known)
    return report


def shard_of(contact_point: str, shards: int) -> int:
    """The shard of a contact point: the same one for ever, as long as the number of shards stays."""
    digest = hashlib.sha256(contact_point.encode()).digest()
    return int.from_bytes(digest[:8], "big") % shards


class _Chunk:
    def __init__(
        self, ledger: Ledger, run: Run, config: Config, report: PlanReport, recovered: datetime | None
    ) -> None:
        self._ledger, self._run, self._config, self._report = ledger, run, config, report
        self._recovered = recovered
        self._now = ledger.clock.now()

    def plan(self, messages: list[Message]) -> None:
        unique = {message.message_key: message for message in reversed(messages)}
        with self._ledger.write() as writing:
            known = standings(writing.connection, list(unique))
            self._withdraw(writing, unique, known)
            due = [message for key, message in reversed(unique.items()) if self._is_due(message, known.get(key))]
            doubtful = [message for message in due if self._may_have_gone_out(message, known)]
            insert_messages(writing, [self._row(message) for message in due if message.message_key not in known])
            replace_messages(writing, [self._row(message) for message in due if message.message_key in known])
            new = [self._attempt(message) for message in due]
            ids = append(writing, new, self._now)
            self._hold(writing, new, ids, {message.message_key for message in doubtful})
        self._report.planned += len(due) - len(doubtful)
        self._report.doubtful += len(doubtful)
        self._report.queues.update(attempt.queue for attempt in new)

    def _withdraw(self, writing: Writing, messages: dict[str, Message], known: dict[str, Standing]) -> None:
        reasons = {
            (key, message.decision_id): message.withdrawn_reason
            for key, message in messages.items()
            if message.withdrawn_reason and key in known and known[key].state in IN_QUEUE
        }
        self._report.withdrawn += withdraw(writing, reasons, self._now)

    def _is_due(self, message: Message, standing: Standing | None) -> bool:
        if message.withdrawn_reason:
            return False
        if standing and (standing.state in CLOSED_TO_PLANNING or message.decision_id in standing.decision_ids):
            self._report.known += 1
            return False
        if message.send_not_after <= self._now:
            self._report.late += 1
            return False
        if message.send_not_before > self._now:
            self._report.early += 1
            return False
        return True

    def _may_have_gone_out(self, message: Message, known: dict[str, Standing]) -> bool:
        return (
            self._recovered is not None and message.decided_at <= self._recovered and message.message_key not in known
        )

    def _row(self, message: Message) -> dict[str, object]:
        return message_row(message, self._config.destination_for(message.channel))

    def _attempt(self, message: Message) -> NewAttempt:
        destination = self._config.destination_for(message.channel)
        shard = shard_of(message.contact_point, self._config.destinations[destination].shards)
        queue = queue_name(destination, self._run.lane, shard)
        return NewAttempt(queue, message.message_key, message.decision_id, message.run_id)

    def _hold(self, writing: Writing, new: list[NewAttempt], ids: list[int], doubtful: set[str]) -> None:
        held = [
            (attempt_id, attempt.message_key, State.UNKNOWN, BEFORE_RECOVERY)
            for attempt_id, attempt in zip(ids, new, strict=True)
            if attempt.message_key in doubtful
        ]
        record_by_id(writing, held, self._now)
