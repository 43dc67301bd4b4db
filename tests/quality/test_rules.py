"""Each rule finds what breaks it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from activation.quality.model import Check, Limits, Suite
from activation.quality.suites import handover_suite, source_suites, trigger_suite

AS_OF = datetime(2026, 3, 1, 12, 0)
CheckSuite = Callable[..., list[Check]]
NOW = "timestamp '2026-03-01 12:00'"


def source(table: str) -> Suite:
    return next(suite for suite in source_suites(AS_OF, Limits()) if suite.table == table)


def failed(checks: list[Check]) -> dict[str, tuple[str, ...]]:
    return {check.rule: check.scopes for check in checks if not check.passed}


def change(table: str, attributes: str, **columns: str) -> str:
    values = {"id": "'x'", "changed_at": NOW, "is_deleted": "false", **columns}
    return (
        f"insert into raw.{table} values ({values['id']}, '{attributes}', {values['changed_at']}, "
        f"{values['is_deleted']}, 1, {NOW}, {NOW})"
    )


@pytest.mark.parametrize(
    ("table", "statement", "rule"),
    [
        ("events", "delete from raw.events", "events keep arriving"),
        ("events", "update raw.events set loaded_at = loaded_at - interval 3 day", "events keep arriving"),
        ("events", "update raw.events set event_id = 'e2' where event_id = 'e1'", "event_id is unique"),
        ("events", "update raw.events set event_id = null where event_id = 'e1'", "event_id is filled"),
        ("events", "update raw.events set user_id = '' where event_id = 'e1'", "an event belongs to somebody"),
        (
            "events",
            "update raw.events set occurred_at = timestamp '2031-01-01' where event_id = 'e1'",
            "an event's time is plausible",
        ),
        (
            "events",
            "update raw.events set occurred_at = timestamp '1970-01-01' where event_id like 'e1%'",
            "at most 5% of the events have an implausible time",
        ),
        ("events", "update raw.events set properties = '[]' where event_id = 'e1'", "properties are a JSON object"),
        ("events", "update raw.events set properties = '{x' where event_id = 'e1'", "properties are a JSON object"),
        ("events", "update raw.events set event_name = 'Order Completed'", "an order has an id"),
        ("loads", "update raw.loads set rows_quarantined = 150", "at most 20% of the rows are quarantined"),
        ("loads", "update raw.loads set rows_quarantined = 30", "at most 2% of the rows are quarantined"),
        ("customers", change("customers", "[]"), "attributes are a JSON object"),
        ("customers", change("customers", "{}", id="null"), "id is filled"),
        (
            "customers",
            """update raw.customers set attributes = '{"birth_date":"1970-01-01"}' where id < 'c4'""",
            "no birth date stands for more than 2% of the customers",
        ),
        ("contact_points", change("contact_points", "{}"), "customer_id, channel and address are filled"),
        ("consents", change("consents", "{}"), "contact_point_id, channel and purpose are filled"),
        (
            "consents",
            change("consents", '{"channel":"email","contact_point_id":"k","purpose":"marketing","status":"yes"}'),
            "a consent is granted or withdrawn",
        ),
    ],
)
def test_source(check_suite: CheckSuite, table: str, statement: str, rule: str) -> None:
    """A broken source is found, and concerns everything."""
    assert failed(check_suite(source(table), statement))[rule] == ("all",)


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("occurrence_key = 'k2' where occurrence_key = 'k1'", "occurrence_key is unique"),
        ("occurrence_key = null where occurrence_key = 'k1'", "occurrence_key is filled"),
        ("customer_id = null where occurrence_key = 'k1'", "customer_id is filled"),
        ("eligible_at = occurred_at - interval 1 hour", "an occurrence is due no earlier than its cause"),
        ("expires_at = eligible_at", "an occurrence expires after it is due"),
        ("context = '[]'", "context is a JSON object"),
        ("context = 'nonsense'", "context is a JSON object"),
    ],
)
def test_trigger(check_suite: CheckSuite, statement: str, rule: str) -> None:
    """A broken trigger is found, and concerns that trigger alone."""
    suite = trigger_suite("welcome", "activation", AS_OF, Limits())
    found = failed(check_suite(suite, f"update activation.trg_welcome set {statement}"))
    assert found == {rule: ("trigger:welcome",)}


def flood(count: int, hours_ahead: int) -> str:
    return f"""insert into activation.trg_welcome by name
        select 'c' || i as customer_id, 'flood' || i as occurrence_key, {NOW} - interval 1 day as occurred_at,
            {NOW} + to_hours({hours_ahead}) as eligible_at, {NOW} + interval 9 day as expires_at, '{{}}' as context
        from range({count}) as r(i)"""


@pytest.mark.parametrize(
    ("count", "hours_ahead", "rules"),
    [
        (900, -1, set()),
        (1100, -1, {"the last day's volume is in keeping with its history"}),
        (1100, 30, {"no day ahead has an odd volume"}),
    ],
)
def test_volume(check_suite: CheckSuite, count: int, hours_ahead: int, rules: set[str]) -> None:
    """A day of more than 20 times the median, and above the floor, is found; ahead of time it only warns."""
    suite = trigger_suite("welcome", "activation", AS_OF, Limits())
    assert set(failed(check_suite(suite, flood(count, hours_ahead)))) == rules


def test_volume_follows_history(check_suite: CheckSuite) -> None:
    """What is odd for a small trigger is ordinary for a large one: the median decides."""
    suite = trigger_suite("welcome", "activation", AS_OF, Limits(volume_floor=10))
    assert failed(check_suite(suite, flood(450, -1))) == {}
    assert "the last day's volume is in keeping with its history" in failed(check_suite(suite, flood(451 + 50, -1)))


def suppression(
    sequence: int, purpose: str, at: str, *, channel: str = "'email'", brand: str = "default", is_lifted: bool = False
) -> str:
    return (
        f"insert into engine.suppressions values ('i', {sequence}, 'c2@example.com', {channel}, '{brand}', "
        f"'{purpose}', 'complaint', 'x', {is_lifted}, {NOW} {at}, {NOW} {at})"
    )


@pytest.mark.parametrize(
    ("statements", "rule"),
    [
        (["update activation.act_messages set message_key = null where message_key = 'm2'"], "a message has one key"),
        (
            [
                (
                    "insert into activation.act_messages by name select * replace ('[\"other\"]' as occurrence_ids) "
                    "from activation.act_messages where message_key = 'm2'"
                )
            ],
            "a message has one key",
        ),
        (
            ["update activation.act_messages set contact_point = 'nobody' where message_key = 'm2'"],
            "a contact point looks like one",
        ),
        (
            ["update activation.act_messages set channel = 'sms', purpose = 'service' where message_key = 'm2'"],
            "a contact point looks like one",
        ),
        (["update activation.act_messages set template = '' where message_key = 'm2'"], "a message has a template"),
        (
            ["update activation.act_messages set send_not_after = send_not_before where message_key = 'm2'"],
            "a message's window is open for a while",
        ),
        (
            [suppression(1, "all", "- interval 1 hour", channel="null")],
            "nobody who is suppressed gets a message",
        ),
        (
            [suppression(1, "marketing", "- interval 1 hour", channel="'all'", brand="all")],
            "nobody who is suppressed gets a message",
        ),
        (
            [suppression(1, "marketing", "- interval 1 hour")],
            "nobody who is suppressed gets a message",
        ),
        (
            ["delete from activation.dim_consents where contact_point_id = 'k2'"],
            "marketing goes only where a consent is granted and confirmed",
        ),
        (
            [
                (
                    "insert into activation.act_messages by name select * replace ('n2' as message_key) "
                    "from activation.act_messages where message_key = 'm2'"
                )
            ],
            "nobody gets one occurrence twice",
        ),
        (
            ["insert into engine.delivery_changes (message_key, state) values ('m2', 'accepted')"],
            "nothing goes out that already went",
        ),
    ],
)
def test_handover(check_suite: CheckSuite, statements: list[str], rule: str) -> None:
    """A broken hand-over is found, and concerns the triggers of the failing messages alone."""
    assert failed(check_suite(handover_suite("activation", AS_OF), *statements)) == {rule: ("trigger:welcome",)}


@pytest.mark.parametrize(
    "statements",
    [
        ["delete from activation.dim_consents where contact_point_id = 'k3'"],
        [
            (
                "update activation.act_messages set send_not_before = '2026-02-27', send_not_after = '2026-02-28' "
                "where message_key = 'm2'"
            ),
            "delete from activation.dim_consents where contact_point_id = 'k2'",
        ],
        [
            (
                "update activation.dim_consents set is_confirmed = false, known_at = timestamp '2026-03-01 12:01' "
                "where contact_point_id = 'k2'"
            )
        ],
        [
            "update activation.act_messages set withdrawn_reason = 'consent_withdrawn' where message_key = 'm2'",
            "delete from activation.dim_consents where contact_point_id = 'k2'",
        ],
        [suppression(1, "all", "- interval 2 hour"), suppression(2, "all", "- interval 1 hour", is_lifted=True)],
        [suppression(1, "all", "+ interval 1 hour")],
    ],
    ids=[
        "legitimate interest",
        "lapsed",
        "consent changed after the decision",
        "withdrawn",
        "lifted",
        "suppressed after the decision",
    ],
)
def test_handover_in_order(check_suite: CheckSuite, statements: list[str]) -> None:
    """What the decision was right to send, or the engine will drop by itself, does not block."""
    assert failed(check_suite(handover_suite("activation", AS_OF), *statements)) == {}


def test_withdrawn_consent_beats_legitimate_interest(check_suite: CheckSuite) -> None:
    """Where no consent is needed, a withdrawn one still forbids."""
    statement = "update activation.dim_consents set status = 'withdrawn' where contact_point_id = 'k3'"
    found = failed(check_suite(handover_suite("activation", AS_OF), statement))
    assert found == {"marketing goes only where a consent is granted and confirmed": ("trigger:winback",)}


def test_limits_are_configurable(check_suite: CheckSuite) -> None:
    """A wider freshness window finds the events that a narrow one misses."""
    statement = (
        "update raw.events set loaded_at = loaded_at - interval 3 day, occurred_at = occurred_at - interval 3 day"
    )
    suites = source_suites(AS_OF, Limits(freshness=timedelta(days=7)))
    assert failed(check_suite(suites[0], statement)) == {}
