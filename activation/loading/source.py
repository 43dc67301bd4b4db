"""A source file's columns as SQL expressions over a batch, whatever the file's format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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

    In JSON lines every row has its own columns: a name is looked up in the row's text, and a dot reaches into an
    object.
    """

    is_json: bool
    kinds: Mapping[str, str]

    @classmethod
    def of_json(cls) -> "SourceColumns":
        return cls(is_json=True, kinds={})

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

    def has(self, name: str) -> bool:
        """Whether the source has this column; in JSON lines any may come."""
        return self.is_json or name in self.kinds

    def kind(self, name: str) -> str:
        return JSON if self.is_json else self.kinds[name]

    def column(self, name: str) -> str:
        """The column as it is."""
        if self.is_json:
            return f"json_extract(raw, {pointer(name)})"
        return f"c{list(self.kinds).index(name)}"

    def text(self, name: str) -> str:
        """The column as text; nothing where it is blank."""
        if self.is_json:
            return f"nullif(trim(json_extract_string(raw, {pointer(name)})), '')"
        if self.kind(name) == TEXT:
            return f"nullif(trim({self.column(name)}), '')"
        return f"{self.column(name)}::varchar"

    def json(self, name: str) -> str:
        """The column as a JSON value of its own type."""
        if self.is_json:
            return self.column(name)
        return f"to_json({self.text(name) if self.kind(name) == TEXT else self.column(name)})"

    def document(self, name: str) -> str:
        """The text of a column that holds JSON, be it as text or as a structure."""
        if self.is_json:
            return self.text(name)
        return self.text(name) if self.kind(name) == TEXT else f"to_json({self.column(name)})::varchar"

    def is_no_id(self, name: str, are_integers_ids: bool) -> str | None:
        """The condition under which the column is not text and so cannot be an id; None when it always can."""
        if not self.is_json:
            return None if self.kind(name) == TEXT or (are_integers_ids and self.kind(name) == INTEGER) else "true"
        allowed = "'VARCHAR', 'NULL'" + (", 'BIGINT', 'UBIGINT'" if are_integers_ids else "")
        return f"json_type(raw, {pointer(name)}) not in ({allowed})"

    def is_not_finite(self, name: str) -> str | None:
        """The condition under which the column is NaN or infinite; None when it cannot be."""
        return f"not isfinite({self.column(name)})" if not self.is_json and self.kind(name) == NUMBER else None


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
