"""A mapping and a source's columns as one SQL query over a batch: values, what is skipped, and what is wrong."""

# ruff: noqa: S608 - compiled from a checked mapping; names and literals are quoted

from collections.abc import Mapping as Pairs
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from activation.errors import MappingError
from activation.loading.expressions import Expressions, Fault
from activation.loading.mapping import Each, Group, Mapping
from activation.loading.source import SourceColumns, literal
from activation.loading.values import ALL, Value
from activation.warehouses.schema import quoted

EARLIEST = datetime(1990, 1, 1)
LATEST = timedelta(days=1)
ID_COLUMNS = ("event_id", "event_name", "user_id", "anonymous_id", "id")
TIME_COLUMNS = ("occurred_at", "received_at", "changed_at")
REQUIRED = ("event_id", "event_name", "occurred_at", "id", "changed_at")
UNMAPPED = "unmapped_event"


@dataclass
class Plan:
    """What is selected from a batch: `values` by name, and the conditions that make a row unfit, in order.

    `source` are the file's columns, `columns` the same as they are found in the rows that values are taken from.
    `given` is what `faults` look at besides; `documents` are the values that are JSON objects still to be normalised.
    """

    mapping: Mapping
    source: SourceColumns
    columns: SourceColumns
    now: datetime
    values: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    skipped: str = "null::varchar"

    @property
    def sql(self) -> Expressions:
        """Writes values over this plan's columns; what it finds wrong with them is added to the faults."""
        used = {*self.mapping.source_columns(), *self.mapping.table_columns}
        return Expressions(self.columns, used, faults=self.faults)

    def query(self, besides: Pairs[str, str] | None = None) -> str:
        """The query over the table `incoming`, with further values by name. A line that could not be read is never
        skipped by a rule."""
        values = {**self.values, **(besides or {})}
        picked = ", ".join(f"{sql} as {quoted(name)}" for name, sql in {**values, **self.given}.items())
        names = ", ".join(quoted(name) for name in values)
        normalised = ", ".join(
            f"case when {name} is null then '{{}}' else normal_json({name}) end as {name}" for name in self.documents
        )
        documents = f" replace ({normalised})" if normalised else ""
        faults = " ".join(f"when {condition} then {literal(reason)}" for condition, reason in self.faults)
        reason = f"case when fault is not null then fault {faults} end"
        prepared, stages = self._prepared()
        # Materialised: a fault would otherwise compute every value it looks at once more.
        return f"""
            with {prepared}
            picked as materialized (select *, {self.skipped} as rule, {picked} from stage_{stages}),
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

    def _prepared(self) -> tuple[str, int]:
        """The steps before values are picked, and the number of the last: each document is parsed once."""
        steps = [f"stage_0 as materialized ({self._readable_rows()}),"]
        for number, selected in enumerate(self.columns.reads.stages() if self.columns.reads else (), 1):
            steps.append(f"stage_{number} as materialized (select *, {selected} from stage_{number - 1}),")
        return "\n".join(steps), len(steps) - 1

    def _readable_rows(self) -> str:
        """DuckDB's parser has the last word on JSON lines, since it is the one that takes them apart."""
        rows = "select * from incoming"
        if self.columns.is_json:
            rows = """
                select line,
                    case when fault is null and json_valid(raw) then raw end as raw,
                    case when fault is not null then fault when not json_valid(raw) then 'broken_json' end as fault
                from incoming
            """
        return _taken_apart(rows, self.mapping.each, self.source) if self.mapping.each else rows


def make_plan(mapping: Mapping, columns: SourceColumns, now: datetime, path: Path) -> Plan:
    """Compile a mapping for one file. Raises MappingError for a column that the file lacks."""
    lacking = mapping.lacking(columns.has)
    if lacking:
        raise MappingError(
            f"The mapping names the column {lacking[0]!r}, which {path} lacks.",
            f"Name one of {', '.join(columns.kinds)}.",
        )
    plan = Plan(mapping, columns, columns.read_at_once(_taken_columns(mapping)), now)
    plan.skipped = plan.sql.first_fitting(((rule.when, literal(rule.name)) for rule in mapping.skip), "null")
    if mapping.each:
        _add_each(plan, mapping.each)
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


def _taken_columns(mapping: Mapping) -> dict[str, str]:
    """What the list that is taken apart, and the place of an object in it, are found under."""
    if mapping.each is None:
        return {}
    return {
        mapping.each.list: "taken",
        **({mapping.each.position: "place"} if mapping.each.position else {}),
    }


def _taken_apart(rows: str, each: Each, columns: SourceColumns) -> str:
    """The rows, one per object of the list, with the object as `taken` and its place as `place`; `part` says what a row
    is: whole, a member, or why there is none."""
    found = columns.list(each.list)
    applies = Expressions(columns).holds(each.when) if each.when else "true"
    part = f"""case when ({applies}) is not true then 'whole' when {columns.text(each.list)} is null then 'empty'
        when {found} is null then 'broken' when len({found}) = 0 then 'empty' else 'member' end"""
    members = f"""case when part = 'member'
        then list_transform({found}, lambda member, place: {{'member': member, 'place': to_json(place)}})
        else [{{'member': {columns.tree(each.list)}, 'place': null::json}}] end"""
    rows = f"select *, unnest({members}) as object from (select *, {part} as part from ({rows}))"
    return f"select * exclude (object), object.member as taken, object.place as place from ({rows})"


def _add_each(plan: Plan, each: Each) -> None:
    plan.faults.append(("part = 'broken'", f"bad_{each.list}"))
    if each.empty == "skip":
        plan.skipped = f"coalesce({plan.skipped}, case when part = 'empty' then {literal(f'no_{each.list}')} end)"


def _add_column(plan: Plan, name: str) -> None:
    value = plan.mapping.columns.get(name)
    if name in ("properties", "attributes"):
        _add_details(plan, name)
    elif name == "context":
        _add_context(plan, value)
    elif name == "is_deleted":
        text = plan.sql.text(value or Value(column=name))
        plan.given[f"{name}_text"] = text
        plan.values[name] = f"coalesce(try_cast({text} as boolean), false)"
        plan.faults.append(
            (
                f"{name}_text is not null and try_cast({name}_text as boolean) is null",
                f"bad_{name}",
            )
        )
    elif name in TIME_COLUMNS:
        _add_time(plan, name, value or Value(column=name))
    else:
        _add_id(plan, name, value)


def _add_id(plan: Plan, name: str, value: Value | None) -> None:
    """Only a mapping that names an integer column may make ids of it: that it holds ids is then somebody's word."""
    source = value or Value(column=name)
    plan.values[name] = plan.sql.text(source)
    plan.faults += [
        (condition, f"{name}_not_text") for condition in dict.fromkeys(plan.sql.not_ids(source, value is not None))
    ]
    plan.faults.append((f"is_placeholder({quoted(name)})", f"{name}_is_placeholder"))


def _add_time(plan: Plan, name: str, value: Value) -> None:
    column = quoted(name)
    plan.values[name] = plan.sql.time(value)
    plan.given[f"{name}_given"] = f"{plan.sql.text(value)} is not null"
    latest = (plan.now + LATEST).isoformat(sep=" ")
    plan.faults += [
        (f"{column} is null and {name}_given", f"bad_{name}"),
        (f"{column} < timestamp '{EARLIEST}'", f"{name}_too_early"),
        (f"{column} > timestamp '{latest}'", f"{name}_in_future"),
    ]


def _add_details(plan: Plan, name: str) -> None:
    given = plan.mapping.details
    if given is not None:
        _add_document(plan, name, plan.sql.object(given))
        if ALL not in given and all(plan.sql.is_scalar(value) for value in given.values()):
            plan.documents.remove(name)
    elif not plan.columns.has(name):
        _add_document(plan, name, plan.sql.rest())
    elif plan.columns.is_json:
        own = plan.columns.document(name)
        _add_document(plan, name, f"coalesce({own}, {plan.sql.rest()})")
    else:
        _add_document(plan, name, plan.columns.document(name))


def _add_context(plan: Plan, value: Value | None) -> None:
    given = plan.mapping.context
    if given is not None:
        _add_document(plan, "context", plan.sql.object(given, is_nested=True))
    else:
        _add_document(plan, "context", plan.sql.document(value or Value(column="context")))


def _add_document(plan: Plan, name: str, text: str) -> None:
    plan.values[name] = text
    plan.documents.append(name)
    plan.faults.append((f"{quoted(name)} is null", f"bad_{name}"))


def _add_event_name_rules(plan: Plan) -> None:
    events = plan.mapping.events
    source = plan.values["event_name"]
    names = dict(events.names)
    known = " ".join(f"when {literal(given)} then {literal(name)}" for given, name in names.items())
    derived = plan.sql.first_fitting(((rule.when, literal(rule.name)) for rule in events.derive), "null")
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
    plan.values["group_line"] = plan.sql.object(group.line)
    plan.values["group_line_id"] = plan.columns.text(group.line_id) if group.line_id else "null::varchar"
    for position, (name, value) in enumerate(group.sum.items()):
        text = plan.sql.typed(value.model_copy(update={"type": value.type or "number"}), name)
        # Exact decimals: a sum must not depend on the order in which its lines were read.
        plan.values[f"group_sum_{position}"] = f"coalesce(try_cast({text} as decimal(38, 6)), 0)"
