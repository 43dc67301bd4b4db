"""The rules themselves: what must hold of sources, triggers and the hand-over before anything is sent.

Every query selects the rows that break its rule. Great Expectations names the table that stands for `{batch}` itself,
but not in a query with a join, which must. No query selects an address or a name, since what a query selects may
be shown in Data Docs.
"""

# ruff: noqa: S608 - instants, numbers and checked identifiers of our own; no outside text

from collections.abc import Mapping
from datetime import datetime, timedelta

from activation.quality.dialects import DUCKDB, Dialect
from activation.quality.model import EVERYTHING, Limits, Rule, Severity, Suite
from activation.warehouses.schema import RAW

EARLIEST = "timestamp '2000-01-01'"
CLOCK_SKEW = "interval '1 day'"
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


def source_suites(as_of: datetime, limits: Limits, raw_schema: str = RAW, dialect: Dialect = DUCKDB) -> list[Suite]:
    """What was loaded in the freshness window, table by table; a critical failure concerns everything."""
    rules = {
        "events": _event_rules(limits, dialect),
        "loads": _load_rules(limits),
        "customers": [*_change_rules(dialect), _no_favourite_birth_date(limits, dialect)],
        "contact_points": [
            *_change_rules(dialect),
            _required("contact_points", ("customer_id", "channel", "address"), dialect),
        ],
        "consents": [
            *_change_rules(dialect),
            _required("consents", ("contact_point_id", "channel", "purpose"), dialect),
            _rows(
                "a consent is granted or withdrawn",
                CRITICAL,
                "select id from {batch} where not is_deleted "
                f"and coalesce({dialect.text_of('attributes', 'status')}, '') not in ('granted', 'withdrawn')",
            ),
        ],
    }
    return [_source_suite(raw_schema, table, found, as_of, limits) for table, found in rules.items()]


def trigger_suite(trigger_id: str, schema: str, as_of: datetime, limits: Limits, dialect: Dialect = DUCKDB) -> Suite:
    """The contract of one trigger's table, and its volume against its own history."""
    rules = [
        _not_null("occurrence_key"),
        _unique("occurrence_key"),
        *(_not_null(column) for column in ("customer_id", "occurred_at", "eligible_at", "expires_at")),
        _rows(
            "an occurrence is due no earlier than its cause",
            CRITICAL,
            "select occurrence_key from {batch} where eligible_at < occurred_at",
        ),
        _rows(
            "an occurrence expires after it is due",
            CRITICAL,
            "select occurrence_key from {batch} where expires_at <= eligible_at",
        ),
        _rows(
            "context is a JSON object",
            CRITICAL,
            f"select occurrence_key from {{batch}} where not {dialect.object('context')}",
        ),
        _rows(
            "the last day's volume is in keeping with its history",
            CRITICAL,
            _volume(as_of, limits, dialect, "due <= 0"),
        ),
        _rows("no day ahead has an odd volume", WARNING, _volume(as_of, limits, dialect, "due > 0")),
    ]
    return Suite(f"trigger_{trigger_id}", f"trigger:{trigger_id}", schema, f"trg_{trigger_id}", tuple(rules))


def handover_suite(schema: str, as_of: datetime, dialect: Dialect = DUCKDB) -> Suite:
    """The contract of `act_messages`; a failure concerns the triggers of the failing rows.

    Withdrawn and lapsed messages are listed too, but nobody will send them.
    """
    active = f"from ({_active(as_of)}) as messages where true"
    rows: Mapping[str, str] = {
        "a message has one key": (
            "select trigger_id, message_key from {batch} where message_key is null "
            "or message_key in (select message_key from {batch} group by message_key having count(*) > 1)"
        ),
        "a contact point looks like one": (
            f"select trigger_id, message_key {active} and not ({_looks_like_one(dialect)})"
        ),
        "a message has a template": f"select trigger_id, message_key {active} and coalesce(template, '') = ''",
        "a message's window is open for a while": (
            "select trigger_id, message_key from {batch} "
            "where withdrawn_reason is null and not coalesce(send_not_before < send_not_after, false)"
        ),
        "nobody who is suppressed gets a message": f"select trigger_id, message_key {active} and {_suppressed()}",
        "marketing goes only where a consent is granted and confirmed": _without_consent(schema, as_of),
        "nobody gets one occurrence twice": _twice(dialect),
        "nothing goes out that already went": f"select trigger_id, message_key {active} and {_already_sent()}",
    }
    rules = tuple(_rows(name, CRITICAL, query) for name, query in rows.items())
    return Suite("handover", EVERYTHING, schema, "act_messages", rules, scope_column="trigger_id")


def instant(moment: datetime) -> str:
    """A moment as an SQL literal."""
    return f"timestamp '{moment:%Y-%m-%d %H:%M:%S.%f}'"


def _source_suite(schema: str, table: str, rules: list[Rule], as_of: datetime, limits: Limits) -> Suite:
    start = instant(as_of - limits.freshness)
    query = f"select * from {schema}.{table} where loaded_at > {start} and loaded_at <= {instant(as_of)}"
    return Suite(f"source_{table}", EVERYTHING, schema, table, tuple(rules), query=query)


def _event_rules(limits: Limits, dialect: Dialect) -> list[Rule]:
    implausible = (
        f"occurred_at is null or occurred_at < {EARLIEST} "
        f"or occurred_at > coalesce(loaded_at, occurred_at) + {CLOCK_SKEW}"
    )
    return [
        Rule("events keep arriving", WARNING, None, "ExpectTableRowCountToBeBetween", {"min_value": 1}),
        *(_not_null(column) for column in ("event_id", "event_name", "known_at")),
        _unique("event_id"),
        _rows(
            "an event belongs to somebody",
            CRITICAL,
            "select event_id from {batch} where coalesce(user_id, '') = '' and coalesce(anonymous_id, '') = ''",
        ),
        _rows("an event's time is plausible", WARNING, f"select event_id from {{batch}} where {implausible}"),
        _rows(
            f"at most {limits.implausible_time_share:.0%} of the events have an implausible time",
            CRITICAL,
            f"select count(case when {implausible} then 1 end) as n from {{batch}} "
            f"having count(case when {implausible} then 1 end) > {limits.implausible_time_share} * count(*)",
        ),
        _rows(
            "properties are a JSON object",
            WARNING,
            f"select event_id from {{batch}} where properties is not null and not {dialect.object('properties')}",
        ),
        _rows(
            "an order has an id",
            WARNING,
            "select event_id from {batch} where event_name = 'Order Completed' "
            f"and coalesce({dialect.text_of('properties', 'order_id')}, '') = ''",
        ),
    ]


def _load_rules(limits: Limits) -> list[Rule]:
    def above(share: float, severity: Severity) -> Rule:
        return _rows(
            f"at most {share:.0%} of the rows are quarantined",
            severity,
            "select sum(rows_quarantined) as quarantined from {batch} having sum(rows_quarantined) > "
            f"{share} * sum(rows_read) and sum(rows_quarantined) >= {limits.quarantine_floor}",
        )

    return [above(limits.quarantine_share, CRITICAL), above(limits.quarantine_warning_share, WARNING)]


def _change_rules(dialect: Dialect) -> list[Rule]:
    return [
        *(_not_null(column) for column in ("id", "changed_at", "is_deleted")),
        _rows(
            "attributes are a JSON object",
            CRITICAL,
            f"select id from {{batch}} where not is_deleted and not {dialect.object('attributes')}",
        ),
    ]


def _required(table: str, fields: tuple[str, ...], dialect: Dialect) -> Rule:
    missing = " or ".join(f"coalesce({dialect.text_of('attributes', name)}, '') = ''" for name in fields)
    severity = CRITICAL if table == "consents" else WARNING
    listed = f"{', '.join(fields[:-1])} and {fields[-1]}"
    return _rows(f"{listed} are filled", severity, f"select id from {{batch}} where not is_deleted and ({missing})")


def _no_favourite_birth_date(limits: Limits, dialect: Dialect) -> Rule:
    """A form's default (1970-01-01) would congratulate thousands of people on one day."""
    return _rows(
        f"no birth date stands for more than {limits.birth_date_share:.0%} of the customers",
        WARNING,
        f"with born as (select id, {dialect.text_of('attributes', 'birth_date')} as birth_date from {{batch}}) "
        "select birth_date, count(distinct id) as n from born where birth_date is not null group by birth_date "
        f"having count(distinct id) > greatest({limits.birth_date_floor}, "
        f"{limits.birth_date_share} * (select count(distinct id) from born))",
    )


def _volume(as_of: datetime, limits: Limits, dialect: Dialect, days: str) -> str:
    """The days, counted from `as_of`, whose due occurrences are out of all proportion to the median day before.

    Day 0 is the last 24 hours, -1 the day before; days without any count as 0 from the trigger's first day on.
    """
    history = limits.volume_history // timedelta(days=1)
    due = dialect.days_after.format(x="eligible_at", now=instant(as_of))
    calendar = dialect.numbers.format(start=f"greatest(-{history}, (select min(due) from daily))")
    return f"""
        with daily as (
            select {due} as due, count(*) as n
            from {{batch}} as batch
            where cancelled_at is null or cancelled_at > eligible_at
            group by 1
        ),
        usual as (
            select coalesce(percentile_cont(0.5) within group (order by coalesce(daily.n, 0)), 0) as n
            from {calendar} as calendar left join daily on calendar.due = daily.due
        )
        select daily.due, daily.n from daily cross join usual
        where daily.{days} and daily.due >= 0
            and daily.n > greatest({limits.volume_floor}, {limits.volume_factor} * usual.n)
    """


def _looks_like_one(dialect: Dialect) -> str:
    email = dialect.matches.format(x="contact_point", pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+")
    phone = dialect.matches.format(x="contact_point", pattern=r"\+[1-9][0-9]+")
    return f"""coalesce(case
        when channel = 'email' then {email}
        when channel = 'sms' then {phone} and length(contact_point) <= 16
        else trim(contact_point) <> ''
    end, false)"""


def _suppressed() -> str:
    """Only what the decision could know: a later suppression is the engine's to honour when it sends.

    Without a channel or brand, or with the ledger's `all`, a suppression concerns every one.
    """
    return """exists (
        select 1 from (
            select *, row_number() over (
                partition by contact_point, channel, brand, purpose order by sequence desc, copied_at desc
            ) as recency
            from engine.suppressions
        ) as kept
        where kept.recency = 1 and not kept.is_lifted and kept.contact_point = messages.contact_point
            and coalesce(nullif(kept.channel, 'all'), messages.channel) = messages.channel
            and coalesce(nullif(kept.brand, 'all'), messages.brand) = messages.brand
            and kept.purpose in ('all', messages.purpose)
            and greatest(kept.changed_at, coalesce(kept.copied_at, kept.changed_at)) < messages.decided_at
    )"""


def _without_consent(schema: str, as_of: datetime) -> str:
    """Where the policy rests on a legitimate interest, a withdrawn consent is what forbids.

    A change that the decision could not know is for `act_withdrawals` and the engine to see.
    """
    return f"""
        select messages.trigger_id, messages.message_key from ({_active(as_of, " as batch")}) as messages
        left join {schema}.act_policies as policies on policies.trigger_id = messages.trigger_id
        left join {schema}.dim_consents as consents
            on consents.contact_point_id = messages.contact_point_id and consents.channel = messages.channel
            and consents.purpose = messages.purpose and consents.brand = messages.brand
        where messages.purpose = 'marketing' and coalesce(consents.known_at <= messages.decided_at, true) and case
            when policies.basis = 'legitimate_interest' then coalesce(consents.status, '') = 'withdrawn'
            else not coalesce(consents.status = 'granted' and consents.is_confirmed, false)
        end
    """


def _active(as_of: datetime, alias: str = "") -> str:
    return (
        f"select * from {{batch}}{alias} "
        f"where withdrawn_reason is null and coalesce(send_not_after > {instant(as_of)}, true)"
    )


def _twice(dialect: Dialect) -> str:
    elements = dialect.elements.format(x="messages.occurrence_ids")
    return f"""
        with messages as (
            select * from {{batch}} as batch
        ),
        reasons as (
            select messages.trigger_id, messages.message_key, messages.channel, elements.element as occurrence_id
            from messages cross join {elements} as elements
        ),
        counted as (
            select *, count(*) over (partition by trigger_id, channel, occurrence_id) as times from reasons
        )
        select trigger_id, message_key from counted where times > 1
    """


def _already_sent() -> str:
    return """exists (
        select 1 from engine.delivery_changes as changes
        where changes.message_key = messages.message_key and changes.state in ('accepted', 'delivered')
    )"""


def _rows(name: str, severity: Severity, query: str) -> Rule:
    return Rule(name, severity, query)


def _not_null(column: str) -> Rule:
    return Rule(f"{column} is filled", CRITICAL, None, "ExpectColumnValuesToNotBeNull", {"column": column})


def _unique(column: str) -> Rule:
    """As a query: Great Expectations' own takes five times as long and shows the values."""
    return _rows(
        f"{column} is unique",
        CRITICAL,
        f"select {column} from {{batch}} where {column} is not null group by {column} having count(*) > 1",
    )
