"""What a destination is. The engine owns batching, pacing, retries and recording; an adapter only translates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from activation.model import Abilities, Channel, MemberChange, MemberOutcome, Outcome, Rendered
from activation.settings import Secret


@dataclass(frozen=True, slots=True)
class Account:
    """One configured destination: its name, where it is, what it may use, and the folder that files go below.

    `connection` is a URI that may hold a password; `options` are the destination's own settings; `timeout` is in
    seconds; `window` is None where the adapter's default holds; `environment` tells simulation from the rest;
    `channel` is the one that the deployment uses it for.
    """

    name: str
    kind: str
    connection: Secret | None
    home: Path
    environment: str
    timeout: float = 30.0
    window: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    channel: Channel | None = None


class Destination(Protocol):
    """One account at one service.

    Every method may raise a DestinationError, whose class tells the engine what is known about the whole call:
    UnreachableError and ThrottledError (certainly unsent), AnswerLostError (may have been processed),
    BatchRefusedError (definitely refused), CredentialsRefusedError (stop this destination).
    """

    @property
    def abilities(self) -> Abilities: ...

    def open(self) -> None:
        """Connect, if the service keeps connections. Raises UnreachableError before anything was sent."""

    def send(self, batch: Sequence[Rendered]) -> Sequence[Outcome]:
        """Hand over at most `abilities.batch` messages; one outcome per message, in any order."""

    def sync(self, batch: Sequence[MemberChange]) -> Sequence[MemberOutcome]:
        """Apply at most `abilities.batch` changes of one audience; one outcome per change."""

    def check(self) -> str:
        """Say in one sentence what is there, for `activation doctor`, without sending anything."""

    def close(self) -> None:
        """Let go of connections. Never raises."""
