"""The statements that fill the tables of a warehouse in which much was decided and much waits."""

from datetime import datetime

CHANNELS = ("email", "sms")
PLACES = "['Europe/London|GB|', 'Europe/Berlin|DE|', 'Europe/Paris|FR|', 'Europe/Amsterdam|NL|']"
# As the macro `stable_key` makes it of environment, brand, trigger, version and occurrence key.
OCCURRENCE_ID = """md5('["dev","default","' || trigger_id || '","1","' || occurrence_key || '"]')"""
CONTEXT = """'{"amount":59.9,"items":[{"name":"Mug","price":9.95,"product_id":"p1"}],"step":1}'"""


def customers(count: int, now: datetime) -> list[str]:
    """Everybody has an address and a number, and agreed to both; every tenth shares a unit with the one before."""
    everybody = f"select range as n, 'c' || range as customer_id from range({count})"
    people = f"create or replace temp table people as {everybody}"
    points = " union all ".join(
        f"select '{channel}:' || n as contact_point_id, customer_id, '{channel}' as channel,"
        f" {address} as contact_point, true as is_primary, false as is_deleted, true as is_valid from people"
        for channel, address in zip(CHANNELS, ("'c' || n || '@post.example'", "'+4915' || 10000000 + n"), strict=True)
    )
    return [
        people,
        f"""
        insert into activation.dim_customers by name
        select customer_id, 'Ada' as first_name, 'en' as locale, split_part(place, '|', 2) as country_code,
            split_part(place, '|', 1) as timezone, false as is_deleted, timestamp '{now}' as known_at
        from (select customer_id, {PLACES}[1 + n % 4] as place from people)
        """,
        f"""
        insert into activation.int_customer_places by name
        select customer_id, place as place_id, split_part(place, '|', 1) as timezone,
            split_part(place, '|', 1) as day_zone, split_part(place, '|', 2) as country_code
        from (select customer_id, {PLACES}[1 + n % 4] as place from people)
        """,
        """
        insert into activation.int_units by name
        select customer_id, 'c' || case when n % 10 = 1 then n - 1 else n end as unit_id,
            case when n % 10 < 2 then 2 else 1 end as unit_size, '' as links_digest
        from people
        """,
        f"insert into activation.dim_contact_points by name {points}",
        """
        insert into activation.dim_consents by name
        select contact_point_id, customer_id, channel, 'marketing' as purpose, 'default' as brand,
            'granted' as status, true as is_confirmed
        from activation.dim_contact_points
        """,
    ]


def firings(numbers: range, name: str, customer: str, trigger: str, hours_ago: str, now: datetime) -> str:
    """A temporary table of firings, `k` being their number: who, of which of the triggers, how long ago."""
    return f"""
        create or replace temp table {name} as
        select
            *,
            {OCCURRENCE_ID} as occurrence_id
        from (
            select
                range as k,
                'c' || ({customer}) as customer_id,
                'bench_' || (1 + {trigger}) as trigger_id,
                '{name}:' || range || ':1' as occurrence_key,
                '{name}:' || range as series_key,
                timestamp '{now}' - to_minutes(cast(60 * ({hours_ago}) as bigint)) as eligible_at
            from range({numbers.start}, {numbers.stop})
        )
    """


def triggers(name: str, count: int) -> list[str]:
    """The rows of the trigger models for the firings of a table."""
    return [
        f"""
        insert into activation.trg_bench_{number} by name
        select customer_id, occurrence_key, series_key, 1 as step, eligible_at as occurred_at, eligible_at,
            eligible_at + interval 40 day as expires_at, {CONTEXT} as context
        from {name} where trigger_id = 'bench_{number}'
        """
        for number in range(1, count + 1)
    ]


def occurrences(name: str, run_id: str) -> str:
    """The record of the firings of a table, first seen when they were due."""
    return f"""
        insert into activation.act_occurrences by name
        select occurrence_id, 'dev' as environment, 'default' as brand, trigger_id, customer_id, occurrence_key,
            series_key, {CONTEXT} as context, 1 as trigger_version, 1 as step, eligible_at as occurred_at,
            eligible_at, eligible_at + interval 40 day as expires_at, {run_id} as first_seen_run_id,
            eligible_at as first_seen_at
        from {name}
    """


def messages(name: str, transactional: str) -> list[str]:
    """What became of the firings of a table, one run per day: entered, decided, handed over, delivered."""
    message = f"""
        select k, md5('message:' || k) as message_key, md5('decision:' || k) as decision_id, 'dev' as environment,
            'default' as brand, trigger_id, '["' || occurrence_id || '"]' as occurrence_ids, customer_id, unit_id,
            case when trigger_id = '{transactional}' then 'transactional' else 'marketing' end as purpose,
            'email' as channel, 'email' as destination, customer_id || '@post.example' as contact_point,
            trigger_id as template, 'default' as variant, 1 as trigger_version, k as attempt_id, run_id
        from {name}
    """
    return [
        f"""
        insert into activation.act_entries by name
        select occurrence_id, trigger_id, customer_id, unit_id, series_key, 1 as step, run_id as entered_run_id,
            eligible_at as entered_at
        from {name}
        """,
        f"""
        insert into activation.act_decisions by name
        select md5('decision:' || k) as decision_id, occurrence_id, '' as leg, 'dev' as environment,
            'default' as brand, trigger_id, customer_id, unit_id, 'send' as verdict, 'chosen' as reason,
            'email' as channel, 'email:' || substr(customer_id, 2) as contact_point_id,
            customer_id || '@post.example' as contact_point, trigger_id as template, 'default' as variant,
            'shop' as sender, md5('decision:' || k) as carrier_decision_id, 1 as trigger_version, 20 as priority,
            run_id, false as is_final, eligible_at as send_not_before,
            eligible_at + interval 1 day as send_not_after, eligible_at as decided_at
        from {name} order by k
        """,
        f"""
        insert into activation.act_deliveries by name
        select messages.* exclude (k), 'delivered' as state, 2 * k + 2 as sequence,
            eligible_at + interval 2 minute as changed_at, eligible_at + interval 1 minute as claimed_at,
            eligible_at + interval 2 minute as accepted_at
        from ({message}) as messages inner join {name} using (k) order by k
        """,
        f"""
        insert into engine.delivery_changes by name
        select messages.* exclude (k), state, 'here' as incarnation, 2 * k + minutes as sequence,
            eligible_at + to_minutes(minutes) as changed_at, eligible_at + interval 3 minute as copied_at
        from ({message}) as messages
        inner join {name} using (k)
        cross join (values ('claimed', 1), ('delivered', 2)) as states (state, minutes)
        order by k, minutes
        """,
    ]


def assignments(salts: dict[str, str], quarter: str) -> str:
    """Everybody who ever got something was assigned to the treated then, of each experiment and of the quarter's."""
    experiments = ", ".join(f"('{salt}', '{trigger}')" for salt, trigger in salts.items())
    return f"""
        insert into activation.act_assignments by name
        select md5(experiment_id || unit_id) as assignment_id, experiment_id, unit_id, 'treated' as arm,
            case when trigger_id <> '' then 'default' end as variant, entry_occurrence_id,
            nullif(trigger_id, '') as trigger_id, '' as weight_epoch, 9000 as bucket, run_id as assigned_run_id,
            entered_at as assigned_at
        from (
            select unit_id, min(occurrence_id) as entry_occurrence_id, min(entered_run_id) as run_id,
                min(entered_at) as entered_at
            from activation.act_entries group by unit_id
        )
        cross join (values {experiments}, ('{quarter}', '')) as experiments (experiment_id, trigger_id)
    """


def runs(count: int, now: datetime) -> list[str]:
    """A run per day, all announced, and the newest copy of the ledger."""
    return [
        f"""
        insert into engine.runs by name
        select range as run_id, 'batch' as lane, instant as as_of, 'live' as mode, instant as announced_at
        from (
            select range, timestamp '{now}' - to_hours(24 * ({count} - range) + 12) as instant
            from range(1, {count} + 1)
        )
        """,
        f"""
        insert into engine.marks by name
        select 'here' as incarnation, coalesce(max(sequence), 0) as high_water_mark, timestamp '{now}' as copied_at
        from engine.delivery_changes
        """,
    ]
