"""The mapping file: how a source's columns become a raw table's. Checked whole before a row is read."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from activation.config import Strict, describe_validation
from activation.errors import MappingError
from activation.warehouses.schema import CHANGE_TABLES

SHIPPED = Path(__file__).parent / "mappings"
EVENT_TABLE = "events"
EVENT_COLUMNS = (
    "event_id",
    "event_name",
    "user_id",
    "anonymous_id",
    "occurred_at",
    "received_at",
    "properties",
    "context",
)
CHANGE_COLUMNS = ("id", "attributes", "changed_at", "is_deleted")
TABLES = (EVENT_TABLE, *CHANGE_TABLES)

Scalar = bool | int | float | str
ValueType = Literal["text", "integer", "number", "boolean", "date", "time", "json"]


class Test(Strict):
    """What a source column is compared with; every part given must hold."""

    below: float | None = None
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    matches: str | None = None
    absent: bool | None = None
    is_not: Scalar | list[Scalar] | None = None

    @model_validator(mode="after")
    def something_is_asked(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("is empty: give one of " + ", ".join(type(self).model_fields))
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"`matches` is not a regular expression: {error}") from None
        return self


Conditions = Annotated[dict[str, Test | Scalar | list[Scalar]], Field(min_length=1)]


def _column_by_name(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Value(Strict):
    """Where a value comes from: one column, a constant, or several columns and constants joined by `separator`.

    A value composed of parts of which one is missing is missing. With `when` it is missing unless the conditions hold.
    """

    column: str | None = None
    constant: Scalar | None = None
    compose: "list[Annotated[Value, BeforeValidator(_column_by_name)]] | None" = None
    separator: str = ":"
    type: ValueType | None = None
    absolute: bool = False
    when: Conditions | None = None

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        given = [name for name in ("column", "constant", "compose") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of `column`, `constant` and `compose`")
        if self.absolute and self.type not in ("integer", "number"):
            raise ValueError("`absolute` needs `type: integer` or `type: number`")
        return self

    def source_columns(self) -> Iterator[str]:
        if self.column is not None:
            yield self.column
        for part in self.compose or ():
            yield from part.source_columns()
        yield from self.when or ()


NamedValue = Annotated[Value, BeforeValidator(_column_by_name)]


class SkipRule(Strict):
    """Rows that are left out on purpose, counted under the rule's name."""

    name: str = Field(min_length=1)
    when: Conditions


class DerivedName(Strict):
    """The event name of rows to which the conditions apply; the first that fits wins over `names`."""

    name: str = Field(min_length=1)
    when: Conditions


class EventNames(Strict):
    """The source's event names in our words, and what becomes of a name that is not listed."""

    names: dict[str, str] = Field(default_factory=dict)
    derive: list[DerivedName] = Field(default_factory=list)
    unmapped: Literal["keep", "skip", "quarantine"] = "keep"


class Group(Strict):
    """Rows with the same `event_id` are the lines of one event.

    `line` says what a line is made of, `lines` the property that lists them, `sum` the properties that add a value up
    over them. Lines that repeat a `line_id` count once.
    """

    lines: str
    line: Annotated[dict[str, NamedValue], Field(min_length=1)]
    sum: dict[str, NamedValue] = Field(default_factory=dict)
    line_id: str | None = None


class Mapping(Strict):
    """The whole of a mapping file. A column of the table that it does not name is taken from the source's column of
    the same name, where there is one."""

    table: str = EVENT_TABLE
    columns: dict[str, NamedValue] = Field(default_factory=dict)
    events: EventNames = Field(default_factory=EventNames)
    timezone: str = "UTC"
    properties: dict[str, NamedValue] | None = None
    attributes: dict[str, NamedValue] | None = None
    skip: list[SkipRule] = Field(default_factory=list)
    group: Group | None = None

    @model_validator(mode="after")
    def fits_its_table(self) -> Self:
        if self.table not in TABLES:
            raise ValueError(f"`table` is {self.table!r}: give one of {', '.join(TABLES)}")
        unknown = sorted(set(self.columns) - set(self.table_columns))
        if unknown:
            raise ValueError(f"`columns` has {unknown[0]!r}; the table has {', '.join(self.table_columns)}")
        if self.timezone not in available_timezones():
            raise ValueError(f"`timezone` is {self.timezone!r}, which no time zone is called (example: Europe/London)")
        if self.group and self.properties is None:
            raise ValueError("`group` needs `properties`, which says what an event has besides its lines")
        stranger = self._key_of_the_other_kind()
        if stranger:
            raise ValueError(f"`{stranger}` does not apply to the table {self.table}")
        return self

    @property
    def is_events(self) -> bool:
        return self.table == EVENT_TABLE

    @property
    def table_columns(self) -> tuple[str, ...]:
        return EVENT_COLUMNS if self.is_events else CHANGE_COLUMNS

    @property
    def details(self) -> dict[str, NamedValue] | None:
        """What the row's JSON is made of; none where every column not named otherwise goes into it."""
        return self.properties if self.is_events else self.attributes

    def source_columns(self) -> set[str]:
        """Every column that the mapping expects the source to have."""
        values = [*self.columns.values(), *(self.details or {}).values()]
        if self.group:
            values += [*self.group.line.values(), *self.group.sum.values()]
        found = {column for value in values for column in value.source_columns()}
        rules: list[SkipRule | DerivedName] = [*self.skip, *self.events.derive]
        for rule in rules:
            found.update(rule.when)
        if self.group and self.group.line_id:
            found.add(self.group.line_id)
        return found

    def _key_of_the_other_kind(self) -> str | None:
        others = ("attributes",) if self.is_events else ("properties", "events", "group")
        return next((key for key in others if key in self.model_fields_set), None)


def read_mapping(name: str | Path) -> Mapping:
    """Read a mapping file, or one that ships with the package by its bare name (`online_retail`).

    Raises MappingError naming the file and the field.
    """
    path = _found(name)
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path} cannot be read: {error}.", "Give the path of a mapping file.") from None
    except yaml.YAMLError as error:
        raise MappingError(
            f"{path} is not valid YAML: {' '.join(str(error).split())}.", "Mend the line named."
        ) from None
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        raise MappingError(f"{path}: {describe_validation(error)}.", "Correct the field and repeat.") from None


def shipped_mappings() -> list[str]:
    """The names of the mappings that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yml"))


def _found(name: str | Path) -> Path:
    path = Path(name)
    shipped = SHIPPED / f"{name}.yml"
    if path.exists() or not re.fullmatch(r"\w+", str(name)):
        return path
    if not shipped.exists():
        raise MappingError(
            f"No mapping file is called {name}.",
            f"Give the path of a file or one of {', '.join(shipped_mappings())}.",
        )
    return shipped
