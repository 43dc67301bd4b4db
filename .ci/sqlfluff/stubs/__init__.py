"""What the models call, as text, so that sqlfluff reads them without dbt and in any order.

Every macro of the project stands for a call of its name, which is an expression; those that write more than one are
named below.
"""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

MACROS = Path(__file__).resolve().parents[3] / "dbt_project" / "macros"
MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(")
SELECT = "select 1 as step, 2 as due_offset"


def call(name: str) -> Callable[..., str]:
    def stub(*arguments: Any, **options: Any) -> str:
        return f"{name}({', '.join(_expressions([*arguments, *options.values()]))})"

    return stub


def _expressions(arguments: list[Any]) -> list[str]:
    """Arguments as SQL: what is no column or expression becomes a literal."""
    texts: list[str] = []
    for argument in arguments:
        if isinstance(argument, dict):
            texts += _expressions(list(argument.values()))
        elif isinstance(argument, list | tuple):
            texts += _expressions(list(argument))
        elif argument is not None:
            texts.append(str(argument) if _is_expression(str(argument)) else "'x'")
    return texts


def _is_expression(text: str) -> bool:
    return re.fullmatch(r"[\w.]+|.*[()'].*", text, re.DOTALL) is not None and not set("[]^\\") & set(text)


names = {name for path in MACROS.rglob("*.sql") for name in MACRO.findall(path.read_text())}
globals().update({name: call(name) for name in names})
tables = (
    "audience_policies",
    "house_caps",
    "house_freezes",
    "policies",
    "policy_channels",
    "policy_countries",
    "policy_ramps",
    "policy_variants",
    "policy_windows",
    "rows_of",
    "trigger_steps",
)
for rows in (*tables, "digits", "market_rows", "slots"):
    globals()[rows] = lambda *_, **__: SELECT
for models in ("audience_models", "segments", "trigger_models"):
    globals()[models] = lambda: ["model_one", "model_two"]
globals().update(
    affected=lambda relation, *_, **__: relation,
    affected_survivors=lambda relation, *_, **__: relation,
    affected_vintages=lambda: SELECT,
    as_of=lambda: "current_timestamp",
    cap_losers=lambda standings: f"losers as (select * from {standings})",  # noqa: S608 - never run
    cap_rooms=lambda bids, messages: f"rivals as (select * from {bids} union all select * from {messages})",  # noqa: S608 - never run
    cap_rounds=lambda contestants: f"placed as (select * from {contestants})",  # noqa: S608 - never run
    connected_components=lambda ties: " ".join(("select * from", ties)),
    customers_of_units=lambda customers, _: customers,
    device_stretches=lambda moments, sign_outs: f"select * from {moments} union all select * from {sign_outs}",  # noqa: S608 - never run
    is_affected=lambda: "customer_id is not null",
    is_new_load=lambda *_: "load_id is not null",
    json_elements=lambda column: f"lateral (select {column} as element, 1 as position)",
    resolved_survivors=lambda relation: relation,
    resolved_units=lambda relation: relation,
    person_id=lambda column: f"nullif({column}, '')",
    rfm_measures=lambda: {"recency": "last_ordered_at", "frequency": "order_count", "monetary": "net_amount"},
    versions_in_force=lambda relation, *_, **__: " ".join(("select * from", relation)),
    watermark=lambda: "(select 1)",
)

dbt = SimpleNamespace(
    dateadd=call("dateadd"),
    datediff=call("datediff"),
    date_trunc=call("date_trunc"),
    date_spine=lambda *_: "select current_date as date_month",
    hash=call("md5"),
    type_bigint=lambda: "bigint",
    type_int=lambda: "integer",
    type_boolean=lambda: "boolean",
    type_float=lambda: "double",
    type_numeric=lambda: "decimal(28, 6)",
    type_string=lambda: "varchar",
    type_timestamp=lambda: "timestamp",
)
adapter = SimpleNamespace(dispatch=lambda name, *_: call(name))
execute = False
this = "this_model"
