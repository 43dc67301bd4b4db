"""What the rooms hand to each other: frozen, typed, free of behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Environment(StrEnum):
    """Where this deployment runs; it is part of every key.

    In `simulation` the clock is a stored instant and only loopback and file destinations may be used.
    """

    SIMULATION = "simulation"
    DEV = "dev"
    PRODUCTION = "production"


class Purpose(StrEnum):
    """Decides which consent, caps and quiet hours apply."""

    TRANSACTIONAL = "transactional"
    SERVICE = "service"
    MARKETING = "marketing"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    WEBHOOK = "webhook"
    CHAT = "chat"
    POST = "post"
    ONSITE = "onsite"
    AUDIENCE = "audience"
    CRM = "crm"


class State(StrEnum):
    """The state of a message, as the ledger shows it."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FAILED = "failed"
    UNKNOWN = "unknown"
    RETURNED = "returned"
    DELIVERED = "delivered"
    BOUNCED = "bounced"


class OnUnknown(StrEnum):
    """What to do with a message of which nobody knows whether it left."""

    HOLD = "hold"
    RESEND = "resend"


class IdempotencyScope(StrEnum):
    MESSAGE = "message"
    REQUEST = "request"
    NONE = "none"


class RunMode(StrEnum):
    """Only a `live` run may send; `analysis` builds in its own schema and announces nothing."""

    LIVE = "live"
    ANALYSIS = "analysis"


class MemberState(StrEnum):
    """The state of one member of one audience."""

    WANTED = "wanted"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class MemberAction(StrEnum):
    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Run:
    """One pass of the system: the hand-over between DAGs. `as_of` is UTC without a zone."""

    run_id: int
    lane: str
    as_of: datetime
    mode: RunMode
    announced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is meant to be sent to one contact point: one row of `act_messages`. Times are UTC without a zone.

    `subject` replaces the template's; `items` are what a digest carries, its own occurrence first, and empty where a
    message carries that one alone.
    """

    message_key: str
    decision_id: str
    run_id: int
    environment: str
    brand: str
    trigger_id: str
    trigger_version: int
    step: int
    occurrence_ids: tuple[str, ...]
    customer_id: str
    unit_id: str
    purpose: Purpose
    channel: Channel
    contact_point: str
    contact_point_id: str
    template: str
    variant: str
    sender: str
    locale: str
    timezone: str
    priority: int
    on_unknown: OnUnknown
    mandatory: bool
    context: Mapping[str, Any]
    customer: Mapping[str, Any]
    send_not_before: datetime
    send_not_after: datetime
    decided_at: datetime
    withdrawn_reason: str | None = None
    subject: str | None = None
    offer: str | None = None
    items: tuple["Item", ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One of several occurrences that a message carries."""

    trigger_id: str
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a message comes from. `address` is the e-mail address or number; `domain` makes the Message-ID."""

    name: str
    address: str
    reply_to: str | None = None
    postal_address: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message ready to go out: the bytes of its parts are kept until its outcome is final.

    `parts` depends on the channel: for e-mail `subject`, `preheader`, `html` and `text`.
    """

    message_key: str
    channel: Channel
    contact_point: str
    sender: Sender
    purpose: Purpose
    parts: Mapping[str, str]
    unsubscribe_url: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a destination says became of one message."""

    message_key: str
    state: State
    reason: str = ""
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What a destination promises about a repeated key, and for how long."""

    scope: IdempotencyScope = IdempotencyScope.NONE
    lifetime: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a destination can do. `window` bounds how many messages can ever be in doubt after a crash;
    `batch` is how many one call takes; `timeout` is how long one call may last, in seconds."""

    channel: Channel
    window: int
    batch: int = 1
    timeout: float = 30.0
    idempotency: Idempotency = field(default_factory=Idempotency)
    takes_messages: bool = True
    takes_members: bool = False


@dataclass(frozen=True, slots=True)
class MemberChange:
    """One change of one audience's member: one row of `act_audience_changes`."""

    change_id: str
    run_id: int
    environment: str
    brand: str
    audience_id: str
    destination: str
    member_id: str
    identifier: str
    action: MemberAction
    traits: Mapping[str, Any]
    traits_hash: str


@dataclass(frozen=True, slots=True)
class MemberOutcome:
    """What a destination says became of one member change. `request_id` names a job that confirms later."""

    change_id: str
    state: MemberState
    reason: str = ""
    request_id: str | None = None
