"""What a decision reads. All instants are UTC without a zone; whatever has a time counts from that time on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Home:
    """Where a customer lives, as the profile has it."""

    timezone: str | None = None
    country: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer who is left where customers were merged, with the unit of the moment."""

    customer_id: str
    unit_id: str
    home: Home = Home()
    birth_date: date | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """One profile went up in another; chains are resolved."""

    absorbed_id: str
    survivor_id: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """An address of a customer; `address` is its normalised form."""

    contact_point_id: str
    customer_id: str
    channel: str
    address: str
    is_primary: bool = False
    is_valid: bool = True
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """What somebody said of marketing at one contact point, to one brand."""

    contact_point_id: str
    channel: str
    brand: str
    status: str
    is_confirmed: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SuppressionChange:
    """An address takes nothing (`all`) or no marketing; without channel or brand on every one."""

    sequence: int
    address: str
    purpose: str
    channel: str | None
    brand: str | None
    is_lifted: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PauseChange:
    """Somebody paused a scope, or resumed it."""

    sequence: int
    scope: str
    is_lifted: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """A gate blocks a scope from one instant until another."""

    scope: str
    created_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """One row of a trigger: a reason to write, known from `eligible_at` on at the latest."""

    trigger_id: str
    customer_id: str
    occurrence_key: str
    series_key: str
    step: int
    eligible_at: datetime
    expires_at: datetime
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryChange:
    """A line of the ledger: the state that a message reached. `decision_id` is that of its carrier."""

    sequence: int
    message_key: str
    decision_id: str
    trigger_id: str
    occurrence_ids: tuple[str, ...]
    customer_id: str
    unit_id: str
    brand: str
    purpose: str
    channel: str
    address: str
    state: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """What somebody said of one trigger's plan."""

    sequence: int
    trigger_id: str
    plan_digest: str
    verdict: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A build of the ledger's; one that was never announced handed nothing over."""

    run_id: int
    as_of: datetime
    is_announced: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of the customers concerned: of one unit, or of everybody.

    `crowds` are ids of customers that stand for many; `hours` scores a customer's 168 hours of the week.
    """

    customers: Sequence[Customer]
    contact_points: Sequence[ContactPoint] = ()
    consents: Sequence[ConsentChange] = ()
    suppressions: Sequence[SuppressionChange] = ()
    pauses: Sequence[PauseChange] = ()
    blocks: Sequence[Block] = ()
    triggered: Sequence[TriggerRow] = ()
    merges: Sequence[Merge] = ()
    crowds: frozenset[str] = frozenset()
    deliveries: Sequence[DeliveryChange] = ()
    approvals: Sequence[Approval] = ()
    runs: Sequence[Run] = ()
    copied_at: datetime | None = None
    hours: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
