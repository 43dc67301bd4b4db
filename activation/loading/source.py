"""A source file's columns as SQL expressions over a batch, whatever the file's format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class SourceColumns:
    """Where each column of a batch is found, and of which kind it is.

    In JSON lines every row has its own columns: a name is looked up in `root`, the row's text, and a dot reaches into
    an object, or with a number into a list. In other files a dot reaches into a structure, or into a text that is JSON.
    """

    is_json: bool
    kinds: Mapping[str, str]
    root: str = "raw"

    @classmethod
    def of_json(cls, root: str = "raw") -> "SourceColumns":
        return cls(is_json=True, kinds={}, root=root)

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

    def with_column(self, name: str, kind: str) -> "SourceColumns":
        """With one column more, behind the others."""
        return self if self.is_json else replace(self, kinds={**self.kinds, name: kind})

    def has(self, name: str) -> bool:
        """Whether the source has this column; in JSON lines any may come."""
        return self.is_json or name in self.kinds or self._reach(name) is not None

    def kind(self, name: str) -> str:
        return self.kinds.get(name, JSON)

    def column(self, name: str) -> str:
        """The column as it is; where it lies within another one, as JSON."""
        if self.is_json:
            return f"json_extract({self.root}, {pointer(name)})"
        if name in self.kinds:
            return f"c{list(self.kinds).index(name)}"
        holder, path = self._reach(name) or (name, "")
        return f"json_extract({self.tree(holder)}, {pointer(path)})"

    def tree(self, name: str) -> str:
        """The column as JSON to be reached into; nothing where it is a text that is not JSON."""
        kind, column = self.kind(name), self.column(name)
        if kind == JSON:
            return column
        return f"try_cast({column} as json)" if kind == TEXT else f"to_json({column})"

    def list(self, name: str) -> str:
        """The column as a list of JSON values; nothing where it is none."""
        return f"try_cast({self.tree(name)} as json[])"

    def text(self, name: str) -> str:
        """The column as text; nothing where it is blank."""
        if self.is_json:
            return f"nullif(trim(json_extract_string({self.root}, {pointer(name)})), '')"
        if self.kind(name) == JSON:
            return json_text(self.column(name))
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
        if self.is_json:
            return is_no_id(f"{self.root}, {pointer(name)}", are_integers_ids)
        if self.kind(name) == JSON:
            return is_no_id(self.column(name), are_integers_ids)
        kind = self.kinds[name]
        return None if kind == TEXT or (are_integers_ids and kind == INTEGER) else "true"

    def is_not_finite(self, name: str) -> str | None:
        """The condition under which the column is NaN or infinite; None when it cannot be."""
        return f"not isfinite({self.column(name)})" if self.kind(name) == NUMBER else None

    def _reach(self, name: str) -> tuple[str, str] | None:
        """The column that a dotted name reaches into, the longest there is, and what is looked for in it."""
        steps = name.split(".")
        for length in range(len(steps) - 1, 0, -1):
            holder = ".".join(steps[:length])
            if self.kinds.get(holder) in (TEXT, OTHER):
                return holder, ".".join(steps[length:])
        return None


def json_text(value: str) -> str:
    """A JSON value as text; nothing where it is blank."""
    return f"nullif(trim(json_extract_string({value}, '$')), '')"


def is_no_id(value: str, are_integers_ids: bool) -> str:
    """The condition under which a JSON value, or what is at a place in one, is not text and so cannot be an id."""
    allowed = "'VARCHAR', 'NULL'" + (", 'BIGINT', 'UBIGINT'" if are_integers_ids else "")
    return f"json_type({value}) not in ({allowed})"


def pointer(name: str) -> str:
    """A column's place in a JSON object, as a SQL literal; a dot reaches into an object."""
    return " || ".join(member(step) for step in name.split("."))


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
