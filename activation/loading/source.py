"""A source file's columns as SQL expressions over a batch, whatever the file's format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

TEXT = "text"
INTEGER = "integer"
NUMBER = "number"
TIME = "time"
ZONED_TIME = "zoned_time"
OTHER = "other"
JSON = "json"


def literal(value: str) -> str:
    """A text literal in SQL."""
    return "'" + value.replace("'", "''") + "'"


@dataclass(slots=True)
class Reads:
    """The places that are looked up in JSON documents, so that a document is parsed once for all of them and not once
    for each: a parser of DuckDB's keeps its memory, and a mapping may look up a hundred places.

    Within the objects of a list (`member`) they are parts of what is read of each.
    """

    lists: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    shared: tuple[dict[str, str], ...] = field(default_factory=lambda: ({}, {}, {}))
    member: str | None = None

    def place(self, function: str, document: str, pointer: str) -> str:
        """What a function of JSON and a pointer gives, as an element of a list that `columns` selects."""
        key = (function, document)
        places = self.lists.setdefault(key, {})
        read = f"read_{list(self.lists).index(key)}[{places.setdefault(pointer, len(places) + 1)}]"
        return f"{self.member}.{read}" if self.member else read

    def share(self, expression: str, stage: int) -> str:
        """The name of an expression that is computed once; a stage's may be made of those of earlier stages."""
        if self.member:
            return expression
        return self.shared[stage].setdefault(expression, f"shared_{stage}_{len(self.shared[stage])}")

    def stages(self) -> list[str]:
        """What has to be selected one after the other, before values are taken from it."""
        places = [f"{found} as {name}" for name, found in self._lists().items()]
        shared = [[f"{expression} as {name}" for expression, name in stage.items()] for stage in self.shared]
        return [", ".join(stage) for stage in (places, *shared) if stage]

    def of_member(self) -> str:
        """What is read of an object of a list: the places, and whether it is an object at all."""
        found = {**self._lists(), "is_object": f"json_type({self.member}) = 'OBJECT'"}
        parts = ", ".join(f"'{name}': {expression}" for name, expression in found.items())
        return f"{{{parts}}}"

    def _lists(self) -> dict[str, str]:
        return {
            f"read_{number}": f"{function}({document}, [{', '.join(places)}])"
            for number, ((function, document), places) in enumerate(self.lists.items())
        }


@dataclass(frozen=True, slots=True)
class SourceColumns:
    """Where each column of a batch is found, and of which kind it is.

    In JSON lines every row has its own columns: a name is looked up in `root`, the row's text, and a dot reaches into
    an object, or with a number into a list. In other files a dot reaches into a structure, or into a text that is JSON.
    `trees` are columns that are found elsewhere, as JSON. With `reads`, places are looked up there.
    """

    is_json: bool
    kinds: Mapping[str, str]
    root: str = "raw"
    trees: Mapping[str, str] = field(default_factory=dict)
    reads: Reads | None = None

    @classmethod
    def of_json(cls, root: str = "raw", reads: Reads | None = None) -> "SourceColumns":
        return cls(is_json=True, kinds={}, root=root, reads=reads)

    @classmethod
    def of_text(cls, names: Sequence[str]) -> "SourceColumns":
        return cls(is_json=False, kinds=dict.fromkeys(names, TEXT))

    @classmethod
    def of_arrow(cls, schema: pa.Schema) -> "SourceColumns":
        return cls(is_json=False, kinds={field.name: _kind(field.type) for field in schema})

    @staticmethod
    def positions(count: int) -> list[str]:
        """What a batch calls its columns: a source's own names could collide with ours, or differ only in case."""
        return [f"c{position}" for position in range(count)]

    def read_at_once(self, trees: Mapping[str, str]) -> "SourceColumns":
        """The same columns, but for those found elsewhere; places in documents are gathered in `reads`."""
        return replace(self, trees=trees, reads=Reads())

    def has(self, name: str) -> bool:
        """Whether the source has this column; in JSON lines any may come."""
        return name in self.kinds or self._place(name) is not None

    def kind(self, name: str) -> str:
        return JSON if name in self.trees else self.kinds.get(name, JSON)

    def column(self, name: str) -> str:
        """The column as it is; where it lies within another one, as JSON."""
        if self.kind(name) != JSON:
            return f"c{list(self.kinds).index(name)}"
        return self._look_up("json_extract", name)

    def tree(self, name: str) -> str:
        """The column as JSON to be reached into; nothing where it is a text that is not JSON."""
        kind, column = self.kind(name), self.column(name)
        if kind == JSON:
            return column
        return f"try_cast({column} as json)" if kind == TEXT else f"to_json({column})"

    def list(self, name: str) -> str:
        """The column as a list of JSON values; nothing where it is none."""
        return self.shared(f"try_cast({self.tree(name)} as json[])", 0)

    def shared(self, expression: str, stage: int) -> str:
        """An expression that several values are made of; computed once where it can be."""
        return self.reads.share(expression, stage) if self.reads is not None else expression

    def text(self, name: str) -> str:
        """The column as text; nothing where it is blank."""
        if self.kind(name) == JSON:
            return f"nullif(trim({self._look_up('json_extract_string', name)}), '')"
        if self.kind(name) == TEXT:
            return f"nullif(trim({self.column(name)}), '')"
        return f"{self.column(name)}::varchar"

    def json(self, name: str) -> str:
        """The column as a JSON value of its own type."""
        if self.kind(name) == JSON:
            return self.column(name)
        return f"to_json({self.text(name) if self.kind(name) == TEXT else self.column(name)})"

    def document(self, name: str) -> str:
        """The text of a column that holds JSON, be it as text or as a structure."""
        if self.kind(name) in (JSON, TEXT):
            return self.text(name)
        return f"to_json({self.column(name)})::varchar"

    def is_no_id(self, name: str, are_integers_ids: bool) -> str | None:
        """The condition under which the column is not text and so cannot be an id; None when it always can."""
        kind = self.kind(name)
        if kind == JSON:
            return is_no_id(self._look_up("json_type", name), are_integers_ids)
        return None if kind == TEXT or (are_integers_ids and kind == INTEGER) else "true"

    def is_not_finite(self, name: str) -> str | None:
        """The condition under which the column is NaN or infinite; None when it cannot be."""
        return f"not isfinite({self.column(name)})" if self.kind(name) == NUMBER else None

    def _look_up(self, function: str, name: str) -> str:
        document, place = self._place(name) or ("null::json", pointer(""))
        if self.reads is not None:
            return self.reads.place(function, document, place)
        return f"{function}({document}, {place})"

    def _place(self, name: str) -> tuple[str, str] | None:
        """The document that a dotted name reaches into, that of the longest column there is, and where in it."""
        steps = name.split(".")
        for length in range(len(steps), 0, -1):
            holder, inner = ".".join(steps[:length]), ".".join(steps[length:])
            if holder in self.trees:
                return self.trees[holder], pointer(inner)
            if inner and self.kinds.get(holder) in (TEXT, OTHER):
                return self.tree(holder), pointer(inner)
        return (self.root, pointer(name)) if self.is_json else None


def json_text(value: str) -> str:
    """A JSON value as text; nothing where it is blank."""
    return f"nullif(trim(json_extract_string({value}, '$')), '')"


def is_no_id(kind: str, are_integers_ids: bool) -> str:
    """The condition under which a JSON value of that kind is not text and so cannot be an id."""
    allowed = "'VARCHAR', 'NULL'" + (", 'BIGINT', 'UBIGINT'" if are_integers_ids else "")
    return f"{kind} not in ({allowed})"


def pointer(name: str) -> str:
    """A column's place in a JSON object, as a SQL literal; a dot reaches into an object. Without a name the whole."""
    return "'$'" if not name else " || ".join(member(step) for step in name.split("."))


def member(key: str) -> str:
    """A key's place in a JSON object, as a SQL literal."""
    return literal("/" + key.replace("~", "~0").replace("/", "~1"))


def _kind(arrow: pa.DataType) -> str:
    kind = arrow.value_type if pa.types.is_dictionary(arrow) else arrow
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return TEXT
    if pa.types.is_integer(kind):
        return INTEGER
    if pa.types.is_floating(kind):
        return NUMBER
    if pa.types.is_timestamp(kind):
        return ZONED_TIME if kind.tz else TIME
    return OTHER
