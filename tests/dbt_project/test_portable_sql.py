"""SQL that one warehouse alone understands, or that two understand differently, stands in dispatching macros only."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "dbt_project"
FILES = sorted(path for folder in ("models", "macros", "tests") for path in (ROOT / folder).rglob("*.sql"))

COMMENT = re.compile(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*", re.DOTALL)
# A branch of a dispatching macro, `postgres__json_text` or `default__json_text`, is where such SQL belongs.
BRANCH = re.compile(r"\{%-?\s*macro\s+[a-z]+__\w+.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class Rule:
    """What may not stand there, why, and an example that must be found."""

    pattern: str
    reason: str
    sample: str

    def finds(self, sql: str) -> bool:
        return re.search(self.pattern, sql, re.IGNORECASE) is not None


def function(*names: str) -> str:
    return rf"(?<![\w.])(?:{'|'.join(names)})\s*\("


RULES = {
    "a cast by colons": Rule("::", "Spark and BigQuery have cast() only", "total::text"),
    "qualify": Rule(
        r"\bqualify\b", "PostgreSQL has none: number the rows in a step", "from a qualify row_number() = 1"
    ),
    "a changed star": Rule(
        r"\*\s*(?:exclude|except|replace|rename)\s*\(",
        "PostgreSQL has the plain star only",
        "select * exclude (a) from b",
    ),
    "group by all": Rule(r"\b(?:group|order)\s+by\s+all\b", "PostgreSQL takes `all` for a column", "group by all"),
    "any value of a group": Rule(function("any_value", "first", "last"), "PostgreSQL 15 has none", "any_value(name)"),
    "the value of a greatest": Rule(
        function("arg_max", "arg_min", "max_by", "min_by"), "PostgreSQL has none: number the rows", "arg_max(a, b)"
    ),
    "lists": Rule(
        function("list", r"list_\w+", r"array_\w+", "unnest", "explode", "flatten", "range", "generate_series"),
        "every warehouse has arrays of its own: json_array_agg and json_elements",
        "unnest(items)",
    ),
    "structs": Rule(function("struct_pack", "struct", "row", "map"), "types of one warehouse", "struct_pack(a := 1)"),
    "an array literal": Rule(r"\barray\s*\[", "types of one warehouse", "array[1, 2]"),
    "text from a group": Rule(function("string_agg", "listagg", "group_concat"), "dbt.listagg", "string_agg(a, ',')"),
    "formatted times": Rule(
        function("strftime", "strptime", "to_char", "to_date", "to_timestamp", "date_format", "format_timestamp"),
        "every warehouse has letters of its own: safe_date, safe_timestamp, cast as text",
        "strftime(at, '%Y')",
    ),
    "seconds since 1970": Rule(
        function("epoch", "epoch_ms", "unix_timestamp") + r"|\bextract\s*\(\s*epoch", "dbt.datediff", "epoch(at)"
    ),
    "arithmetic of times": Rule(
        function(
            "date_diff", "datediff", "date_add", "dateadd", "date_sub", "age", "date_part", "date_trunc", "datetrunc"
        ),
        "dbt.dateadd, dbt.datediff, dbt.date_trunc",
        "date_diff('day', a, b)",
    ),
    "intervals": Rule(r"\binterval\b\s*['(\d]", "dbt.dateadd", "at + interval '1 day'"),
    "parts made into times": Rule(function(r"make_\w+", "to_days", "to_hours"), "cast a text", "make_date(2026, 1, 1)"),
    "time zones": Rule(r"\bat\s+time\s+zone\b|\btimestamptz\b", "local_date", "at at time zone 'UTC'"),
    "the clock": Rule(
        function("now", "getdate", "sysdate", "today") + r"|\bcurrent_(?:date|time|timestamp)\b", "as_of", "now()"
    ),
    "arrows into JSON": Rule(r"->>?|#>>?|@>", "json_text, json_number, json_array", "properties ->> 'order_id'"),
    "functions of JSON": Rule(
        function(r"json_\w+", r"jsonb_\w+", "to_json", "from_json", "parse_json", "get_json_object", "row_to_json"),
        "json_text, json_object and the other macros",
        "json_extract_string(properties, '$.a')",
    ),
    "regular expressions": Rule(
        function(r"regexp_\w+") + r"|\brlike\b|\bsimilar\s+to\b|\s~\*?\s", "matches, keep_characters", "a ~ '^b'"
    ),
    "ilike": Rule(r"\bilike\b|\bglob\b", "lower both sides", "name ilike 'a%'"),
    "filtered aggregates": Rule(r"\bfilter\s*\(\s*where\b", "a case inside", "count(*) filter (where a)"),
    "aggregates of truth": Rule(
        function("bool_or", "bool_and", "every", "logical_or", "count_if", "countif"), "a case inside", "bool_or(a)"
    ),
    "nulls passed over": Rule(r"\b(?:ignore|respect)\s+nulls\b", "PostgreSQL has none", "lag(a ignore nulls) over ()"),
    "distinct on": Rule(r"\bdistinct\s+on\b", "number the rows", "select distinct on (a) b"),
    "casts that may fail": Rule(function("try_cast", "safe_cast"), "safe_number, safe_date", "try_cast(a as date)"),
    "medians and quantiles": Rule(
        function("median", r"quantile\w*", r"percentile\w*", r"approx_\w+"), "the macro median", "quantile_cont(a, 0.5)"
    ),
    "other words for case and coalesce": Rule(
        function("if", "iff", "ifnull", "isnull", "nvl", "decode"), "case, coalesce", "ifnull(a, 0)"
    ),
    "joined text": Rule(
        function("concat", "concat_ws", "format", "printf"), "nulls are read differently: ||", "concat(a, b)"
    ),
    "spaces and letters": Rule(
        function("trim", "ltrim", "rtrim", "btrim", "lower", "initcap"),
        "what is a space or a letter differs: trimmed, lowered",
        "lower(address)",
    ),
    "digests": Rule(function("md5", r"sha\w*", "hash"), "md5_hex, stable_key", "md5(a)"),
    "a bare slash": Rule(r"\s/\s", "whole numbers divide otherwise everywhere: quotient", "a / 2"),
    "powers by sign": Rule(r"\*\*", "power()", "a ** 2"),
    "subscripts": Rule(r"[a-z_)]\[\d+\]", "json_elements", "parts[1]"),
    "types of one warehouse": Rule(
        r"\bas\s+(?:varchar|string|double(?!\s+precision)|float64|hugeint|json|jsonb|datetime|int64)\b",
        "dbt.type_string() and its like",
        "cast(a as varchar)",
    ),
    "joins of one warehouse": Rule(
        r"\b(?:asof|positional|semi|anti)\s+join\b|\bpivot\b|\bunpivot\b|\blateral\b", "plain joins", "a asof join b"
    ),
    "rows by place": Rule(
        r"\b(?:rowid|ctid)\b|\btablesample\b|\busing\s+sample\b", "tables have no order", "order by rowid"
    ),
    "an upsert": Rule(
        r"\bon\s+conflict\b|\binsert\s+or\s+replace\b", "an incremental strategy", "on conflict do nothing"
    ),
}


def sql_of(text: str) -> str:
    """What stands outside of comments and dispatched branches: SQL, and the texts that Jinja puts into it."""
    text = BRANCH.sub(" ", COMMENT.sub(" ", text))
    return JINJA.sub(lambda code: " " + " ".join(found[1:-1] for found in TEXT.findall(code[0])) + " ", text)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_finds_what_it_is_about(rule: Rule) -> None:
    """In plain SQL and in a text that Jinja puts into it; not in a comment, not in a dispatched branch."""
    assert rule.finds(sql_of(f"select {rule.sample}"))
    assert not rule.finds(sql_of(f"select a {{# {rule.sample} #}} -- {rule.sample}"))
    branch = "{% macro postgres__x() %} " + rule.sample + " {% endmacro %}"
    assert not rule.finds(sql_of(branch))
    assert rule.finds(sql_of(branch.replace("postgres__x", "x")))
    if "'" not in rule.sample:
        assert rule.finds(sql_of("{{ x('" + rule.sample + "') }}"))


def test_macros_named_like_functions_may_be_called() -> None:
    """Ours stand for what every warehouse has in its own words."""
    sql = sql_of("select {{ median('a') }}, {{ json_object({'a': 'b'}) }}, {{ dbt.dateadd('day', 1, 'at') }} from c")
    assert not [name for name, rule in RULES.items() if rule.finds(sql)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sql_is_what_every_warehouse_understands(path: Path) -> None:
    """Outside of dispatching macros nothing of the list above is found."""
    sql = sql_of(path.read_text(encoding="utf-8"))
    found = {name: rule.reason for name, rule in RULES.items() if rule.finds(sql)}
    assert not found, f"{path.name}: {found}"


def test_files_were_found() -> None:
    """The rule above is about something, dispatched branches among it."""
    assert len(FILES) > 120
    assert sum(bool(BRANCH.search(path.read_text(encoding="utf-8"))) for path in FILES) > 15
