"""A destination that writes what it accepted to a file, with faults on demand: for tests, drills and benchmarks."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from activation.model import (
    Abilities,
    Channel,
    IdempotencyScope,
    MemberAction,
    MemberChange,
    MemberOutcome,
    MemberState,
    Outcome,
    Rendered,
    State,
)

Fault = Callable[[Sequence[Any]], None]


@dataclass
class DestinationDouble:
    """Appends one JSON line per accepted message or member to `path`.

    `faults` are used up from the front, one per call: None lets the call through, an exception is raised before
    anything is accepted, and a function is called with the batch after it was accepted (to lose the answer, say).
    `refuses` names contact points that a message to is rejected; a batch holding one of `poison` is refused as a whole.
    Repeats are noticed as `abilities.idempotency` promises. `path` None keeps everything in `accepted` only.
    """

    path: Path | None = None
    abilities: Abilities = field(default_factory=lambda: Abilities(Channel.EMAIL, window=32))
    faults: list[Exception | Fault | None] = field(default_factory=list)
    open_faults: list[Exception] = field(default_factory=list)
    refuses: frozenset[str] = frozenset()
    poison: dict[str, Exception] = field(default_factory=dict)
    is_durable: bool = True
    accepted: list[Rendered] = field(default_factory=list)
    stored: list[dict[str, Any]] = field(default_factory=list)
    members: dict[tuple[str, str], str] = field(default_factory=dict)
    calls: int = 0

    def open(self) -> None:
        if self.open_faults:
            raise self.open_faults.pop(0)

    def send(self, batch: Sequence[Rendered]) -> Sequence[Outcome]:
        after = self._begin_call(batch, [item.contact_point for item in batch])
        taken = [item for item in batch if item.contact_point not in self.refuses]
        self._store([item for item in taken if not self._is_repeat(item, batch)], batch)
        if after is not None:
            after(batch)
        return [self._answer(item) for item in batch]

    def sync(self, batch: Sequence[MemberChange]) -> Sequence[MemberOutcome]:
        after = self._begin_call(batch, [change.identifier for change in batch])
        for change in batch:
            if change.action is MemberAction.REMOVE:
                self.members.pop((change.audience_id, change.member_id), None)
            elif change.identifier not in self.refuses:
                self.members[change.audience_id, change.member_id] = change.traits_hash
        if after is not None:
            after(batch)
        return [
            MemberOutcome(change.change_id, MemberState.REFUSED, "refused")
            if change.identifier in self.refuses
            else MemberOutcome(change.change_id, MemberState.CONFIRMED)
            for change in batch
        ]

    def check(self) -> str:
        return "a double that writes to a file"

    def close(self) -> None:
        """Nothing is held open."""

    def _begin_call(self, batch: Sequence[Any], addresses: Sequence[str]) -> Fault | None:
        self.calls += 1
        if len(batch) > self.abilities.batch:
            raise ValueError(f"a batch of {len(batch)} where at most {self.abilities.batch} are taken")
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        for address in addresses:
            if address in self.poison:
                raise self.poison[address]
        return fault

    def _is_repeat(self, item: Rendered, batch: Sequence[Rendered]) -> bool:
        scope = self.abilities.idempotency.scope
        if scope is IdempotencyScope.NONE:
            return False
        if scope is IdempotencyScope.MESSAGE:
            return item.message_key in self.accepted_keys()
        return _request(batch) in {line["request"] for line in self._lines()}

    def accepted_keys(self) -> list[str]:
        """The keys of what was accepted, in order, by this process and by earlier ones; a key twice went out twice."""
        return [line["message_key"] for line in self._lines()]

    def _lines(self) -> list[dict[str, Any]]:
        if self.path is None:
            return self.stored
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def _answer(self, item: Rendered) -> Outcome:
        if item.contact_point in self.refuses:
            return Outcome(item.message_key, State.REJECTED, "refused")
        return Outcome(item.message_key, State.ACCEPTED, provider_id=f"double-{item.message_key}")

    def _store(self, taken: Sequence[Rendered], batch: Sequence[Rendered]) -> None:
        self.accepted.extend(taken)
        request = _request(batch)
        lines = [{"message_key": item.message_key, "request": request, "parts": dict(item.parts)} for item in taken]
        self.stored.extend(lines)
        if self.path is None or not lines:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            if self.is_durable:
                os.fsync(file.fileno())


def _request(batch: Sequence[Rendered]) -> str:
    """What a provider that promises idempotency per request knows a request by: all of its bytes."""
    content = json.dumps([[item.message_key, item.contact_point, dict(item.parts)] for item in batch])
    return hashlib.sha256(content.encode()).hexdigest()
