"""A mapping's values as SQL expressions over a batch's columns, and what is wrong with those that do not fit."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from activation.loading.source import (
    JSON,
    NUMBER,
    OTHER,
    TIME,
    ZONED_TIME,
    Reads,
    SourceColumns,
    is_no_id,
    json_text,
    literal,
    pointer,
)
from activation.loading.values import ALL, Conditions, Entry, Scalar, Test, Value

# How a value given as text becomes one of its type; nothing where it is not of that type.
CASTS = {
    "text": "{0}",
    "integer": "text_as_integer({0})",
    "number": "text_as_number({0})",
    "boolean": "try_cast({0} as boolean)",
    "date": "strftime(try_cast({0} as date), '%Y-%m-%d')",
    "json": "try_cast(normal_json({0}) as json)",
}
TIME_FORMAT = "'%Y-%m-%d %H:%M:%S.%f'"
MICROSECONDS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
FARTHEST = 250_000_000_000_000_000  # microseconds to a year that no timestamp has to hold
NOTHING = "null::varchar"

Fault = tuple[str, str]


@dataclass(slots=True)
class Expressions:
    """Writes values as SQL. `faults` gathers the conditions under which a value is not what it is said to be; `used`
    are the columns that `rest` leaves out."""

    columns: SourceColumns
    used: Collection[str] = ()
    depth: int = 0
    faults: list[Fault] = field(default_factory=list)

    def text(self, value: Value) -> str:
        """A value as text; nothing where the source lacks it."""
        if value.entry is not None:
            text = json_text(self._entry(value, value.entry))
        elif value.column is not None:
            text = self.columns.text(value.column) if self.columns.has(value.column) else NOTHING
        elif value.compose is not None:
            text = f" || {literal(value.separator)} || ".join(self.text(part) for part in value.compose)
            text = f"({text})"
        elif value.first is not None:
            text = f"coalesce({', '.join(self.text(part) for part in value.first)})"
        elif value.constant is not None:
            text = literal(_written(value.constant))
        else:
            text = f"({replace(self, faults=[]).json(value, ALL)})::varchar"
        return self._only_when(value, text)

    def time(self, value: Value) -> str:
        """A value as a time in UTC; nothing where it is none."""
        kind = self.columns.kinds.get(value.column or "") if value.entry is None else None
        if value.unit is not None:
            micros = f"text_as_number({self.text(value)}) * {MICROSECONDS[value.unit]}"
            return f"make_timestamp(try_cast(case when abs({micros}) < {FARTHEST} then {micros} end as bigint))"
        if value.format is not None:
            return f"utc_of_local(try_strptime({self.text(value)}, {literal(value.format)}))"
        if value.column and kind == TIME:
            return self._only_when(value, f"utc_of_local({self.columns.column(value.column)}::timestamp)")
        if value.column and kind == ZONED_TIME:
            return self._only_when(
                value,
                f"timezone('UTC', {self.columns.column(value.column)}::timestamptz)",
            )
        if value.first is not None:
            return self._only_when(value, f"coalesce({', '.join(self.time(part) for part in value.first)})")
        return f"utc_time({self.text(value)})"

    def json(self, value: Value, name: str) -> str:
        """A value as JSON; what is not of its type makes the row unfit as `bad_<name>`."""
        if value.type is not None:
            return f"to_json({self.typed(value, name)})"
        if value.entry is not None:
            return self._only_when(value, self._entry(value, value.entry))
        if value.column is not None:
            return self._only_when(value, self._column_json(value.column, name))
        if value.first is not None:
            parts = " ".join(
                f"when {self.text(part)} is not null then {self._json_text(part, name)}" for part in value.first
            )
            return self._only_when(value, f"case {parts} end")
        if value.each is not None:
            return self._only_when(value, self._each(value, value.each, name))
        if value.entries is not None:
            return self._only_when(value, self._entries(value, value.entries, name))
        if value.rest:
            return self._only_when(value, self.rest())
        return f"to_json({self.text(value) if value.compose else self._only_when(value, _constant(value.constant))})"

    def typed(self, value: Value, name: str) -> str:
        """A value of its type; one that is given and is not of its type makes the row unfit."""
        text = self._document_text(value) if value.type == "json" else self.text(value)
        if value.type == "time" or (value.type == "date" and (value.unit or value.format)):
            typed = f"strftime({self.time(value)}, {TIME_FORMAT if value.type == 'time' else literal('%Y-%m-%d')})"
        else:
            typed = CASTS[value.type or "text"].format(text)
        self.faults.append((f"{text} is not null and {typed} is null", f"bad_{name}"))
        if value.times is not None:
            factor = self.typed(value.times.model_copy(update={"type": "number"}), name)
            # Decimals: a price times a quantity is exact.
            exact = " * ".join(f"try_cast({part} as decimal(18, 6))" for part in (typed, factor))
            typed = f"({exact})::{'bigint' if value.type == 'integer' else 'double'}"
        return f"abs({typed})" if value.absolute else typed

    def object(self, values: Mapping[str, Value], *, is_nested: bool = False) -> str:
        """The text of an object of the values that are there; with `*` the object that it names, with these over it.

        What stands at `*` and is no object is left as it is, to be found unfit.
        """
        own = self._pairs(_nested(values) if is_nested else dict(values))
        if ALL not in values:
            return own
        base = self._document_text(values[ALL])
        merged = f"json_merge_patch({base}, {own})::varchar"
        is_object = f"json_valid({base}) and json_type({base}) = 'OBJECT'"
        return f"case when {base} is null then {own} when {is_object} then {merged} else {base} end"

    def rest(self) -> str:
        """The text of an object of all the columns that go nowhere else."""
        if self.columns.is_json:
            removed = ", ".join(f"{literal(column)}, null" for column in sorted(self.used))
            return f"json_merge_patch({self.columns.root}, json_object({removed}))::varchar"
        return self.object({name: Value(column=name) for name in self.columns.kinds if name not in self.used})

    def document(self, value: Value) -> str:
        """The text of a value that is to be a JSON object."""
        return self._document_text(value)

    def not_ids(self, value: Value, is_named: bool) -> Iterator[str]:
        """The conditions under which a part of the value is not text and so cannot be an id, nor a part of one."""
        condition = None
        if value.entry is not None:
            condition = is_no_id(f"json_type({self._entry(value, value.entry)})", is_named)
        elif value.column is not None and self.columns.has(value.column):
            condition = self.columns.is_no_id(value.column, is_named)
        if condition:
            yield (f"{self.holds(value.when)} and {condition}" if value.when else condition)
        for part in value.parts:
            yield from self.not_ids(part, is_named)

    def is_scalar(self, value: Value) -> bool:
        """Whether the value is written in its normal form; others may have objects of their own to be sorted."""
        if value.members is not None:
            inner = Expressions(SourceColumns.of_json())
            return ALL not in value.members and all(inner.is_scalar(part) for part in value.members.values())
        if value.first is not None and value.type is None:
            return all(self.is_scalar(part) for part in value.first)
        if value.entry is not None or value.entries is not None or value.rest:
            return value.type not in (None, "json")
        if value.type is not None or value.column is None:
            return value.type != "json"
        return self.columns.kind(value.column) not in (JSON, OTHER)

    def first_fitting(self, rules: Iterable[tuple[Conditions, str]], otherwise: str) -> str:
        """The result of the first rule whose conditions hold."""
        cases = " ".join(f"when {self.holds(when)} then {result}" for when, result in rules)
        return f"case {cases} else {otherwise} end" if cases else f"{otherwise}::varchar"

    def holds(self, when: Conditions) -> str:
        return " and ".join(f"({_test(self.columns.text(name), asked)})" for name, asked in when.items())

    def _pairs(self, values: Mapping[str, Value | dict[str, Value]]) -> str:
        """Half the cost of json_object; concat_ws leaves out what is null."""
        pairs = []
        for name in sorted(set(values) - {ALL}):
            found = values[name]
            pairs.append(f"{literal(f'{json.dumps(name, ensure_ascii=False)}:')} || {self._json_text(found, name)}")
        return f"('{{' || concat_ws(',', {', '.join(pairs)}) || '}}')" if pairs else "'{}'"

    def _json_text(self, value: Value | dict[str, Value], name: str) -> str:
        if isinstance(value, dict):
            return f"nullif({self.object(value)}, '{{}}')"
        return f"nullif({self.json(value, name)}::varchar, 'null')"

    def _column_json(self, column: str, name: str) -> str:
        if not self.columns.has(column):
            return NOTHING
        if self.columns.kind(column) == NUMBER:
            self.faults.append((f"{self.columns.is_not_finite(column)}", f"bad_{name}"))
            found = self.columns.column(column)
            return f"case when isfinite({found}) then to_json({found}) end"
        return self.columns.json(column)

    def _document_text(self, value: Value) -> str:
        if value.column is not None and value.entry is None and self.columns.has(value.column):
            return self._only_when(value, self.columns.document(value.column))
        if value.entries is not None and self.columns.has(value.entries):
            # What is no list of records is left as it is, to be found unfit.
            found = f"case when {self.columns.list(value.entries)} is null then {self.columns.text(value.entries)}"
            return f"{found} else {self.text(value)} end"
        return self.text(value)

    def _entry(self, value: Value, entry: Entry) -> str:
        """The value of the first record with that key, as JSON; of an object the first member that is not null."""
        if value.column is None or not self.columns.has(value.column):
            return "null::json"
        keys, values = self._records(value.column, entry)
        return f"{values}[list_position({keys}, {literal(entry.name)})]"

    def _entries(self, value: Value, column: str, name: str) -> str:
        if not self.columns.has(column):
            return NOTHING
        records = self.columns.list(column)
        self._add_fault(
            value,
            f"{self.columns.text(column)} is not null and {records} is null",
            name,
        )
        keys, values = self._records(column, Entry(name="any"))
        pairs = f"list_transform({keys}, lambda key, place: to_json(key)::varchar || ':' || {values}[place]::varchar)"
        return f"('{{' || array_to_string({pairs}, ',') || '}}')"

    def _records(self, column: str, entry: Entry) -> tuple[str, str]:
        """The keys of a list of records, and their values as JSON: of one that is an object its first known member."""
        records, part = self.columns.list(column), pointer(entry.value)
        is_known = "lambda choice: json_type(choice) <> 'NULL'"
        known = f"list_filter(json_extract(json_extract(entry, {part}), '$.*'), {is_known})[1]"
        found = f"case json_type(entry, {part}) when 'OBJECT' then {known} else json_extract(entry, {part}) end"
        keys = f"list_transform({records}, lambda entry: json_extract_string(entry, {pointer(entry.key)}))"
        values = f"list_transform({records}, lambda entry: {found})"
        return self.columns.shared(keys, 1), self.columns.shared(values, 1)

    def _each(self, value: Value, column: str, name: str) -> str:
        """A list of what is made of each object, or their sum. One object that is unfit makes the row unfit."""
        if not self.columns.has(column):
            return NOTHING
        member, found = f"member_{self.depth}", self.columns.list(column)
        reads = Reads(member=member)
        inner = Expressions(SourceColumns.of_json(member, reads), depth=self.depth + 1)
        made = self._sum_of(inner, value.sum, name) if value.sum else inner.object(value.members or {})
        unfit = " or ".join([f"not {member}.is_object", *(f"({fault})" for fault, _ in inner.faults)])
        read = self.columns.shared(f"list_transform({found}, lambda {member}: {reads.of_member()})", 1)
        self._add_fault(value, f"{self.columns.text(column)} is not null and {found} is null", name)
        if value.sum:
            self._add_fault(value, f"len(list_filter({read}, lambda {member}: {unfit})) > 0", name)
            return f"to_json(list_sum(list_transform({read}, lambda {member}: {made}))::double)"
        fit = f"list_transform({read}, lambda {member}: case when {unfit} then null else {made} end)"
        objects = self.columns.shared(fit, 2)
        self._add_fault(value, f"len(list_filter({objects}, lambda made: made is null)) > 0", name)
        return f"nullif('[' || array_to_string({objects}, ',') || ']', '[]')"

    def _sum_of(self, inner: "Expressions", value: Value, name: str) -> str:
        # Exact decimals: a sum must not depend on the order in which it is taken.
        typed = inner.typed(value.model_copy(update={"type": value.type or "number"}), name)
        return f"try_cast({typed} as decimal(38, 6))"

    def _add_fault(self, value: Value, condition: str, name: str) -> None:
        """Only where the value counts: elsewhere the column may hold something else."""
        applies = f"({self.holds(value.when)}) and " if value.when else ""
        self.faults.append((f"{applies}({condition})", f"bad_{name}"))

    def _only_when(self, value: Value, sql: str) -> str:
        return f"case when {self.holds(value.when)} then {sql} end" if value.when else sql


def _nested(values: Mapping[str, Value]) -> dict[str, Value | dict[str, Value]]:
    """The values by name; those with a dot in theirs one level deeper, under what stands before it."""
    found: dict[str, Value | dict[str, Value]] = {}
    for name, value in values.items():
        head, _, tail = name.partition(".")
        inner = found.get(head)
        if not tail:
            found[name] = value
        elif isinstance(inner, dict):
            inner[tail] = value
        else:
            found[head] = {tail: value}
    return found


def _constant(value: Scalar | None) -> str:
    return literal(value) if isinstance(value, str) else _written(value)


def _written(value: Scalar | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


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
