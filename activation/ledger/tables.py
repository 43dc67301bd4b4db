"""The ledger's tables. Times are UTC without a zone; JSON is text with sorted keys.

One rising `sequence` numbers every change, whatever its table: writers are serialised (see `store.py`), so a reader who
has seen the changes up to a number has seen all of them. The ids of attempts, claims and batches are such numbers.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

SCHEMA_VERSION = 2
SEQUENCE = "sequence"

metadata = MetaData()
# SQLite counts rows by themselves only in a column of the type INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("incarnation", String(36), primary_key=True),
    Column("schema_version", Integer, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("is_current", Boolean, nullable=False),
    # For an incarnation that was recovered from a copy: up to where the copy was taken over, and when.
    Column("recovered_mark", Number),
    Column("recovered_at", DateTime),
)

counters = Table(
    "counters", metadata, Column("name", String(32), primary_key=True), Column("value", Number, nullable=False)
)

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("instant", DateTime, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Number, primary_key=True, autoincrement=False),
    Column("sequence", Number, nullable=False),
    Column("lane", String(64), nullable=False),
    Column("as_of", DateTime, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("announced_at", DateTime),
    Index("runs_sequence", "sequence"),
)

messages = Table(
    "messages",
    metadata,
    Column("message_key", String(64), primary_key=True),
    Column("decision_id", String(64), nullable=False),
    Column("run_id", Number, nullable=False),
    Column("environment", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("trigger_id", Text, nullable=False),
    Column("trigger_version", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("occurrence_ids", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("destination", Text, nullable=False),
    Column("contact_point", Text, nullable=False),
    Column("contact_point_id", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("on_unknown", String(16), nullable=False),
    Column("mandatory", Boolean, nullable=False),
    Column("context", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("send_not_before", DateTime, nullable=False),
    Column("send_not_after", DateTime, nullable=False),
    Column("decided_at", DateTime, nullable=False),
    Column("subject", Text),
    Column("offer", Text),
    Column("items", Text),
    Index("messages_customer", "customer_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", Number, primary_key=True, autoincrement=False),
    Column("queue", Text, nullable=False),
    Column("number", Number, nullable=False),
    Column("message_key", String(64), nullable=False),
    Column("decision_id", String(64), nullable=False),
    Column("run_id", Number, nullable=False),
    # Rises only with failures of this very message, not while its destination is down.
    Column("tries", Integer, nullable=False),
    # An earlier attempt's outcome is unknown, so "certainly unsent" can no longer be said.
    Column("in_doubt", Boolean, nullable=False),
    # Set where the kept bytes must go out again; null where the message is rendered afresh.
    Column("batch_id", Number),
    Column("planned_at", DateTime, nullable=False),
    UniqueConstraint("queue", "number"),
    Index("attempts_message", "message_key"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", Number, nullable=False),
    Column("deadline", DateTime, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("queue", Text, nullable=False),
    Column("first_number", Number, nullable=False),
    Column("last_number", Number, nullable=False),
    Column("epoch", Number, nullable=False),
    Column("holder", Text, nullable=False),
    Column("deadline", DateTime, nullable=False),
    Column("claimed_at", DateTime, nullable=False),
    Column("closed_at", DateTime),
    UniqueConstraint("queue", "first_number"),
    Index("claims_queue", "queue", "last_number"),
    Index("claims_open", "queue", sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("attempt_id", Number, nullable=False),
    Column("message_key", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("provider_id", Text),
    Column("changed_at", DateTime, nullable=False),
    Index("outcomes_attempt", "attempt_id"),
    Index(
        "outcomes_unknown",
        "state",
        "attempt_id",
        sqlite_where=text("state = 'unknown'"),
        postgresql_where=text("state = 'unknown'"),
    ),
)

renderings = Table(
    "renderings",
    metadata,
    Column("message_key", String(64), primary_key=True),
    Column("batch_id", Number, nullable=False),
    Column("batch_size", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    # Real time: a provider's idempotency lifetime does not follow a simulated clock.
    Column("kept_at", DateTime, nullable=False),
    Column("content", Text, nullable=False),
    Index("renderings_batch", "batch_id"),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("message_key", String(64), primary_key=True),
    Column("decision_id", String(64), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("recorded_at", DateTime, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("contact_point", Text, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("brand", Text, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("is_lifted", Boolean, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    Index("suppressions_contact_point", "contact_point"),
)

pauses = Table(
    "pauses",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("scope", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_lifted", Boolean, nullable=False),
    Column("changed_at", DateTime, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("trigger_id", Text, nullable=False),
    Column("plan_digest", String(64), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    # What whoever answered was shown.
    Column("person_count", Number, nullable=False),
    Column("decided_at", DateTime, nullable=False),
    Index("approvals_plan", "trigger_id", "plan_digest"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("feedback_id", Text, nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("message_key", Text),
    Column("contact_point", Text),
    Column("channel", String(16), nullable=False),
    Column("occurred_at", DateTime, nullable=False),
    Column("recorded_at", DateTime, nullable=False),
)

audience_members = Table(
    "audience_members",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("change_id", Text, nullable=False),
    Column("run_id", Number, nullable=False),
    Column("audience_id", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("action", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("traits_hash", Text, nullable=False),
    Column("request_id", Text),
    Column("changed_at", DateTime, nullable=False),
    Index("audience_members_change", "change_id"),
)
