"""The tables of the schemas `raw` and `engine`, as data: each warehouse creates them in its own words.

The types are the four that every SQL warehouse knows: text, bigint, boolean, timestamp (UTC, without a zone).
"""

from collections.abc import Mapping

Columns = tuple[tuple[str, str], ...]

RAW = "raw"
ENGINE = "engine"

EVENTS: Columns = (
    ("event_id", "text"),
    ("event_name", "text"),
    ("user_id", "text"),
    ("anonymous_id", "text"),
    ("occurred_at", "timestamp"),
    ("received_at", "timestamp"),
    ("properties", "text"),
    ("context", "text"),
    ("load_id", "bigint"),
    ("loaded_at", "timestamp"),
    ("known_at", "timestamp"),
)

CHANGES: Columns = (
    ("id", "text"),
    ("attributes", "text"),
    ("changed_at", "timestamp"),
    ("is_deleted", "boolean"),
    ("load_id", "bigint"),
    ("loaded_at", "timestamp"),
    ("known_at", "timestamp"),
)

CHANGE_TABLES = (
    "customers",
    "contact_points",
    "consents",
    "products",
    "accounts",
    "subscriptions",
    "invoices",
    "bookings",
    "incidents",
    "loyalty_points",
    "service_contacts",
)

LOADS: Columns = (
    ("load_id", "bigint"),
    ("loaded_at", "timestamp"),
    ("mode", "text"),
    ("source", "text"),
    ("rows_read", "bigint"),
    ("rows_loaded", "bigint"),
    ("rows_duplicate", "bigint"),
    ("rows_quarantined", "bigint"),
    ("rows_skipped", "bigint"),
)

QUARANTINE: Columns = (
    ("load_id", "bigint"),
    ("loaded_at", "timestamp"),
    ("table_name", "text"),
    ("source_file", "text"),
    ("source_line", "bigint"),
    ("reason", "text"),
    ("row_text", "text"),
)

# The files that hold archived events; `archived_events` shows their rows.
ARCHIVES: Columns = (
    ("file", "text"),
    ("row_count", "bigint"),
    ("checksum", "text"),
    ("known_from", "timestamp"),
    ("known_to", "timestamp"),
    ("archived_at", "timestamp"),
)

DELIVERY_CHANGES: Columns = (
    ("incarnation", "text"),
    ("sequence", "bigint"),
    ("message_key", "text"),
    ("decision_id", "text"),
    ("attempt_id", "bigint"),
    ("environment", "text"),
    ("brand", "text"),
    ("trigger_id", "text"),
    ("trigger_version", "bigint"),
    ("occurrence_ids", "text"),
    ("customer_id", "text"),
    ("unit_id", "text"),
    ("purpose", "text"),
    ("channel", "text"),
    ("destination", "text"),
    ("contact_point", "text"),
    ("template", "text"),
    ("variant", "text"),
    ("run_id", "bigint"),
    ("state", "text"),
    ("reason", "text"),
    ("provider_id", "text"),
    ("changed_at", "timestamp"),
    ("copied_at", "timestamp"),
)

SUPPRESSIONS: Columns = (
    ("incarnation", "text"),
    ("sequence", "bigint"),
    ("contact_point", "text"),
    ("channel", "text"),
    ("brand", "text"),
    ("purpose", "text"),
    ("reason", "text"),
    ("source", "text"),
    ("is_lifted", "boolean"),
    ("changed_at", "timestamp"),
    ("copied_at", "timestamp"),
)

PAUSES: Columns = (
    ("incarnation", "text"),
    ("sequence", "bigint"),
    ("scope", "text"),
    ("reason", "text"),
    ("is_lifted", "boolean"),
    ("changed_at", "timestamp"),
    ("copied_at", "timestamp"),
)

APPROVALS: Columns = (
    ("incarnation", "text"),
    ("sequence", "bigint"),
    ("trigger_id", "text"),
    ("plan_digest", "text"),
    ("verdict", "text"),
    ("decided_by", "text"),
    ("note", "text"),
    ("person_count", "bigint"),
    ("decided_at", "timestamp"),
    ("copied_at", "timestamp"),
)

FEEDBACK: Columns = (
    ("incarnation", "text"),
    ("sequence", "bigint"),
    ("feedback_id", "text"),
    ("kind", "text"),
    ("message_key", "text"),
    ("contact_point", "text"),
    ("channel", "text"),
    ("occurred_at", "timestamp"),
    ("recorded_at", "timestamp"),
    ("copied_at", "timestamp"),
)

AUDIENCE_MEMBERS: Columns = (
    ("incarnation", "text"),
    ("sequence", "bigint"),
    ("audience_id", "text"),
    ("destination", "text"),
    ("member_id", "text"),
    ("identifier", "text"),
    ("action", "text"),
    ("state", "text"),
    ("reason", "text"),
    ("traits_hash", "text"),
    ("request_id", "text"),
    ("changed_at", "timestamp"),
    ("copied_at", "timestamp"),
)

RUNS: Columns = (
    ("run_id", "bigint"),
    ("lane", "text"),
    ("as_of", "timestamp"),
    ("mode", "text"),
    ("started_at", "timestamp"),
    ("announced_at", "timestamp"),
    ("copied_at", "timestamp"),
)

MARKS: Columns = (
    ("incarnation", "text"),
    ("high_water_mark", "bigint"),
    ("copied_at", "timestamp"),
)

QUALITY_BLOCKS: Columns = (
    ("block_id", "text"),
    ("scope", "text"),
    ("reason", "text"),
    ("severity", "text"),
    ("run_id", "bigint"),
    ("created_at", "timestamp"),
    ("until", "timestamp"),
)

# Days as text, such as 2026-12-25; a region of '' is the whole country. `source` names what they were computed with.
PUBLIC_HOLIDAYS: Columns = (
    ("country_code", "text"),
    ("region", "text"),
    ("holiday_on", "text"),
    ("name", "text"),
    ("year", "bigint"),
    ("source", "text"),
)

SCHEMAS: Mapping[str, Mapping[str, Columns]] = {
    RAW: {
        "events": EVENTS,
        **dict.fromkeys(CHANGE_TABLES, CHANGES),
        "loads": LOADS,
        "quarantine": QUARANTINE,
        "archives": ARCHIVES,
        "archived_events": EVENTS,
    },
    ENGINE: {
        "delivery_changes": DELIVERY_CHANGES,
        "suppressions": SUPPRESSIONS,
        "pauses": PAUSES,
        "approvals": APPROVALS,
        "feedback": FEEDBACK,
        "audience_members": AUDIENCE_MEMBERS,
        "runs": RUNS,
        "marks": MARKS,
        "quality_blocks": QUALITY_BLOCKS,
        "public_holidays": PUBLIC_HOLIDAYS,
    },
}


def statements() -> list[str]:
    """The DDL that creates what is missing, in an order in which it can be run."""
    created = [f"create schema if not exists {quoted(schema)}" for schema in SCHEMAS]
    for schema, tables in SCHEMAS.items():
        created += [_create_table(schema, table, columns) for table, columns in tables.items()]
    return created


def quoted(*names: str) -> str:
    """A possibly qualified identifier, quoted as standard SQL has it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def _create_table(schema: str, table: str, columns: Columns) -> str:
    listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns)
    return f"create table if not exists {quoted(schema, table)} ({listed})"
