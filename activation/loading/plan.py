"""A mapping and a source's columns as one SQL query over a batch: values, what is skipped, and what is wrong."""

# ruff: noqa: S608 - compiled from a checked mapping; names and literals are quoted

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from activation.errors import MappingError
from activation.loading.mapping import Conditions, Group, Mapping, Scalar, Test, Value
from activation.loading.source import NUMBER, OTHER, TIME, ZONED_TIME, SourceColumns, literal
from activation.warehouses.schema import quoted

EARLIEST = datetime(1990, 1, 1)
LATEST = timedelta(days=1)
ID_COLUMNS = ("event_id", "event_name", "user_id", "anonymous_id", "id")
TIME_COLUMNS = ("occurred_at", "received_at", "changed_at")
REQUIRED = ("event_id", "event_name", "occurred_at", "id", "changed_at")
UNMAPPED = "unmapped_event"

# How a value given as text becomes one of its type; nothing where it is not of that type.
CASTS = {
    "text": "{0}",
    "integer": "text_as_integer({0})",
    "number": "text_as_number({0})",
    "boolean": "try_cast({0} as boolean)",
    "date": "strftime(try_cast({0} as date), '%Y-%m-%d')",
    "time": "strftime(utc_time({0}), '%Y-%m-%d %H:%M:%S.%f')",
    "json": "try_cast(normal_json({0}) as json)",
}


@dataclass
class Plan:
    """What is selected from a batch: `values` by name, and the conditions that make a row unfit, in order.

    `given` is what `faults` look at besides; `documents` are the values that are JSON objects still to be normalised.
    """

    mapping: Mapping
    columns: SourceColumns
    now: datetime
    values: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    skipped: str = "null::varchar"

    def query(self) -> str:
        """The query over the table `incoming`. A line that could not be read is never skipped by a rule."""
        picked = ", ".join(f"{sql} as {quoted(name)}" for name, sql in {**self.values, **self.given}.items())
        names = ", ".join(quoted(name) for name in self.values)
        normalised = ", ".join(
            f"case when {name} is null then '{{}}' else normal_json({name}) end as {name}" for name in self.documents
        )
        documents = f" replace ({normalised})" if normalised else ""
        faults = " ".join(f"when {condition} then {literal(reason)}" for condition, reason in self.faults)
        reason = f"case when fault is not null then fault {faults} end"
        # Materialised: a fault would otherwise compute every value it looks at once more.
        return f"""
            with picked as materialized (select *, {self.skipped} as rule, {picked} from ({self._readable_rows()})),
            written as materialized (select *{documents} from picked),
            judged as materialized (
                select
                    line, {names},
                    case when fault is null then rule end as skipped,
                    case when fault is not null or rule is null then {reason} end as reason
                from written
            )
            select *, skipped is null and reason is null as is_fit from judged
        """

    def _readable_rows(self) -> str:
        """DuckDB's parser has the last word on JSON lines, since it is the one that takes them apart."""
        if not self.columns.is_json:
            return "select * from incoming"
        return """
            select line,
                case when fault is null and json_valid(raw) then raw end as raw,
                case when fault is not null then fault when not json_valid(raw) then 'broken_json' end as fault
            from incoming
        """


def make_plan(mapping: Mapping, columns: SourceColumns, now: datetime, path: Path) -> Plan:
    """Compile a mapping for one file. Raises MappingError for a column that the file lacks."""
    missing = sorted(name for name in mapping.source_columns() if not columns.has(name))
    if missing:
        raise MappingError(
            f"The mapping names the column {missing[0]!r}, which {path} lacks.",
            f"Name one of {', '.join(columns.kinds)}.",
        )
    plan = Plan(mapping, columns, now)
    plan.skipped = _first_fitting(((rule.when, literal(rule.name)) for rule in mapping.skip), columns, "null")
    for name in mapping.table_columns:
        _add_column(plan, name)
    if mapping.is_events:
        _add_event_name_rules(plan)
    plan.faults += [(f"{quoted(name)} is null", f"missing_{name}") for name in plan.values if name in REQUIRED]
    if mapping.is_events:
        plan.faults.append(("user_id is null and anonymous_id is null", "missing_user"))
    if mapping.group:
        _add_group(plan, mapping.group)
    return plan


def _add_column(plan: Plan, name: str) -> None:
    value = plan.mapping.columns.get(name)
    if name in ("properties", "attributes"):
        _add_details(plan, name)
    elif name == "context":
        _add_document(plan, name, _document(plan, value or Value(column=name)))
    elif name == "is_deleted":
        text = _text(plan, value or Value(column=name))
        plan.given[f"{name}_text"] = text
        plan.values[name] = f"coalesce(try_cast({text} as boolean), false)"
        plan.faults.append((f"{name}_text is not null and try_cast({name}_text as boolean) is null", f"bad_{name}"))
    elif name in TIME_COLUMNS:
        _add_time(plan, name, value or Value(column=name))
    else:
        _add_id(plan, name, value)


def _add_id(plan: Plan, name: str, value: Value | None) -> None:
    """Only a mapping that names an integer column may make ids of it: that it holds ids is then somebody's word."""
    source = value or Value(column=name)
    plan.values[name] = _text(plan, source)
    for column in {*_id_columns(source)}:
        condition = plan.columns.is_no_id(column, value is not None) if plan.columns.has(column) else None
        if condition:
            plan.faults.append((condition, f"{name}_not_text"))
    plan.faults.append((f"is_placeholder({quoted(name)})", f"{name}_is_placeholder"))


def _id_columns(value: Value) -> Iterator[str]:
    if value.column is not None:
        yield value.column
    for part in value.compose or ():
        yield from _id_columns(part)


def _add_time(plan: Plan, name: str, value: Value) -> None:
    column = quoted(name)
    plan.values[name] = _time(plan, value)
    plan.given[f"{name}_given"] = f"{_text(plan, value)} is not null"
    latest = (plan.now + LATEST).isoformat(sep=" ")
    plan.faults += [
        (f"{column} is null and {name}_given", f"bad_{name}"),
        (f"{column} < timestamp '{EARLIEST}'", f"{name}_too_early"),
        (f"{column} > timestamp '{latest}'", f"{name}_in_future"),
    ]


def _add_details(plan: Plan, name: str) -> None:
    given = plan.mapping.details
    if given is not None:
        _add_document(plan, name, _object(plan, given))
        if all(_is_scalar(plan, value) for value in given.values()):
            plan.documents.remove(name)
    elif not plan.columns.has(name):
        _add_document(plan, name, _rest(plan, name))
    elif plan.columns.is_json:
        own = plan.columns.document(name)
        _add_document(plan, name, f"coalesce({own}, {_rest(plan, name)})")
    else:
        _add_document(plan, name, plan.columns.document(name))


def _is_scalar(plan: Plan, value: Value) -> bool:
    """An object of scalars is written in its normal form; others have objects of their own to be sorted."""
    if value.type is not None or value.column is None:
        return value.type != "json"
    return not plan.columns.is_json and plan.columns.kind(value.column) != OTHER


def _add_document(plan: Plan, name: str, text: str) -> None:
    plan.values[name] = text
    plan.documents.append(name)
    plan.faults.append((f"{quoted(name)} is null", f"bad_{name}"))


def _document(plan: Plan, value: Value) -> str:
    if value.column is not None and plan.columns.has(value.column):
        return plan.columns.document(value.column)
    return _text(plan, value)


def _rest(plan: Plan, name: str) -> str:
    """An object of all the columns that go nowhere else."""
    used = {*plan.mapping.source_columns(), *plan.mapping.table_columns, name}
    if plan.columns.is_json:
        removed = ", ".join(f"{literal(column)}, null" for column in sorted(used))
        return f"json_merge_patch(raw, json_object({removed}))::varchar"
    return _object(plan, {column: Value(column=column) for column in plan.columns.kinds if column not in used})


def _object(plan: Plan, values: dict[str, Value]) -> str:
    """An object of the values that are there."""
    if not values:
        return "'{}'"
    # Half the cost of json_object; concat_ws leaves out what is null.
    keys = {name: literal(f"{json.dumps(name, ensure_ascii=False)}:") for name in sorted(values)}
    pairs = ", ".join(
        f"{key} || nullif({_json(plan, name, values[name])}::varchar, 'null')" for name, key in keys.items()
    )
    return f"('{{' || concat_ws(',', {pairs}) || '}}')"


def _add_event_name_rules(plan: Plan) -> None:
    events = plan.mapping.events
    source = plan.values["event_name"]
    names = dict(events.names)
    known = " ".join(f"when {literal(given)} then {literal(name)}" for given, name in names.items())
    derived = _first_fitting(((rule.when, literal(rule.name)) for rule in events.derive), plan.columns, "null")
    listed = f"case {source} {known} end" if known else "null"
    plan.values["event_name"] = f"coalesce({derived}, {listed}, {source})"
    if events.unmapped == "keep":
        return
    ours = ", ".join(literal(name) for name in {*names.values(), *(rule.name for rule in events.derive)} or {""})
    unmapped = f"({derived}) is null and ({listed}) is null and {source} is not null and {source} not in ({ours})"
    if events.unmapped == "quarantine":
        plan.faults.append((unmapped, UNMAPPED))
    else:
        plan.skipped = f"coalesce({plan.skipped}, case when {unmapped} then '{UNMAPPED}' end)"


def _add_group(plan: Plan, group: Group) -> None:
    plan.values["group_line"] = _object(plan, group.line)
    plan.values["group_line_id"] = plan.columns.text(group.line_id) if group.line_id else "null::varchar"
    for position, (name, value) in enumerate(group.sum.items()):
        text = _typed(plan, value.model_copy(update={"type": value.type or "number"}), name)
        # Exact decimals: a sum must not depend on the order in which its lines were read.
        plan.values[f"group_sum_{position}"] = f"coalesce(try_cast({text} as decimal(38, 6)), 0)"


def _text(plan: Plan, value: Value) -> str:
    """A value as text; nothing where the source lacks it."""
    if value.column is not None:
        text = plan.columns.text(value.column) if plan.columns.has(value.column) else "null::varchar"
    elif value.compose is not None:
        text = f" || {literal(value.separator)} || ".join(_text(plan, part) for part in value.compose)
        text = f"({text})"
    else:
        text = literal(_written(value.constant))
    return _only_when(plan, value, text)


def _time(plan: Plan, value: Value) -> str:
    kind = plan.columns.kinds.get(value.column or "")
    if kind == TIME and value.column:
        return _only_when(plan, value, f"utc_of_local({plan.columns.column(value.column)}::timestamp)")
    if kind == ZONED_TIME and value.column:
        column = plan.columns.column(value.column)
        return _only_when(plan, value, f"timezone('UTC', {column}::timestamptz)")
    return f"utc_time({_text(plan, value)})"


def _json(plan: Plan, name: str, value: Value) -> str:
    """A value as JSON, and the fault of a value that is not what it is said to be."""
    if value.type is not None:
        return f"to_json({_typed(plan, value, name)})"
    if value.column is None:
        return f"to_json({_text(plan, value) if value.compose else _constant(value.constant)})"
    if plan.columns.kinds.get(value.column) == NUMBER:
        plan.faults.append((f"{plan.columns.is_not_finite(value.column)}", f"bad_{name}"))
        column = plan.columns.column(value.column)
        return _only_when(plan, value, f"case when isfinite({column}) then to_json({column}) end")
    return _only_when(plan, value, plan.columns.json(value.column))


def _typed(plan: Plan, value: Value, name: str) -> str:
    text = _text(plan, value)
    if value.type == "json" and value.column and plan.columns.kinds.get(value.column) == OTHER:
        text = plan.columns.document(value.column)
    typed = CASTS[value.type or "text"].format(text)
    plan.faults.append((f"{text} is not null and {typed} is null", f"bad_{name}"))
    return f"abs({typed})" if value.absolute else typed


def _constant(value: Scalar | None) -> str:
    return literal(value) if isinstance(value, str) else _written(value)


def _written(value: Scalar | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _only_when(plan: Plan, value: Value, sql: str) -> str:
    return f"case when {_holds(value.when, plan.columns)} then {sql} end" if value.when else sql


def _first_fitting(rules: Iterable[tuple[Conditions, str]], columns: SourceColumns, otherwise: str) -> str:
    cases = " ".join(f"when {_holds(when, columns)} then {result}" for when, result in rules)
    return f"case {cases} else {otherwise} end" if cases else f"{otherwise}::varchar"


def _holds(when: Conditions, columns: SourceColumns) -> str:
    return " and ".join(f"({_test(columns.text(name), asked)})" for name, asked in when.items())


def _test(text: str, asked: Test | Scalar | list[Scalar]) -> str:
    if isinstance(asked, list):
        return " or ".join(_equals(text, item) for item in asked) or "false"
    if not isinstance(asked, Test):
        return _equals(text, asked)
    parts = [
        f"text_as_number({text}) {operator} {bound}"
        for operator, bound in (
            ("<", asked.below),
            (">", asked.above),
            (">=", asked.at_least),
            ("<=", asked.at_most),
        )
        if bound is not None
    ]
    if asked.matches is not None:
        parts.append(f"regexp_full_match({text}, {literal(asked.matches)})")
    if asked.absent is not None:
        parts.append(f"{text} is {'' if asked.absent else 'not '}null")
    if asked.is_not is not None:
        parts.append(f"not coalesce({_test(text, asked.is_not)}, false)")
    return " and ".join(f"({part})" for part in parts)


def _equals(text: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return f"try_cast({text} as boolean) is {_written(value)}"
    if isinstance(value, str):
        return f"{text} = {literal(value)}"
    return f"text_as_number({text}) = {value}"
