"""The few things that the rules say otherwise on each warehouse; all else in them is SQL that every one understands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """Templates of expressions: `{x}` is a column or an expression, `{key}` a key of JSON, `{pattern}` a regular one.

    `is_object` is false for null and for text that is no JSON; `json_text` is asked only of what is an object.
    `elements` is a table of the texts in a JSON array, `element`; `numbers` one of the whole numbers up to -1, `due`.
    """

    json_text: str
    is_object: str
    matches: str
    days_after: str
    elements: str
    numbers: str

    def text_of(self, column: str, key: str) -> str:
        """The text at a key, null where the column is no JSON object."""
        found = self.json_text.format(x=column, key=key)
        return f"case when {self.object(column)} then {found} end"

    def object(self, column: str) -> str:
        return self.is_object.format(x=column)


DUCKDB = Dialect(
    json_text="json_extract_string({x}, '$.{key}')",
    # As a case, since both sides of an `and` may be computed, and a broken document is an error to one.
    is_object=(
        "coalesce(case when json_valid(cast({x} as varchar)) "
        "then json_type(cast({x} as varchar)) = 'OBJECT' end, false)"
    ),
    matches="regexp_full_match({x}, '{pattern}')",
    days_after="cast(ceil(epoch({x} - {now}) / 86400) as integer)",
    elements="(select unnest(cast(json_extract_string({x}, '$[*]') as varchar[])) as element)",
    numbers="(select unnest(generate_series({start}, -1)) as due)",
)

# `engine.json_kind` is made with the tables: in PostgreSQL 15 nothing else says whether a text is JSON.
POSTGRES = Dialect(
    json_text="(cast({x} as json) ->> '{key}')",
    is_object="coalesce(engine.json_kind(cast({x} as text)) = 'object', false)",
    matches="({x} ~ '^({pattern})$')",
    days_after="cast(ceil(extract(epoch from {x} - {now}) / 86400) as integer)",
    elements="lateral (select element from json_array_elements_text(cast({x} as json)) as found (element))",
    numbers="(select generate_series({start}, -1) as due)",
)


def dialect_of(warehouse_url: str) -> Dialect:
    """The dialect of a warehouse by its address, as SQLAlchemy has it."""
    return POSTGRES if warehouse_url.startswith("postgresql") else DUCKDB
