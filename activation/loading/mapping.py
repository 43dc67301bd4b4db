"""The mapping file: how a source's columns become a raw table's. Checked whole before a row is read."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from activation.config import Strict, describe_validation
from activation.errors import MappingError
from activation.loading.values import Conditions, NamedValue, Value, check_all
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


class Each(Strict):
    """One row per object of a list. In each of them the list's name stands for the object, and the name `position`,
    where one is given, for its place, from 1. Rows to which the conditions do not apply stay whole, and so do those
    whose list is empty, unless `empty` says to skip them."""

    list: str = Field(min_length=1)
    position: str | None = None
    when: Conditions | None = None
    empty: Literal["skip", "keep"] = "skip"

    @model_validator(mode="after")
    def is_a_column(self) -> Self:
        if "." in self.list:
            raise ValueError(f"`list` is {self.list!r}: only a column can be taken apart, not a part of one")
        return self


def _list_by_name(value: object) -> object:
    return {"list": value} if isinstance(value, str) else value


class Mapping(Strict):
    """The whole of a mapping file. A column of the table that it does not name is taken from the source's column of
    the same name, where there is one."""

    table: str = EVENT_TABLE
    columns: dict[str, NamedValue] = Field(default_factory=dict)
    events: EventNames = Field(default_factory=EventNames)
    timezone: str = "UTC"
    properties: dict[str, NamedValue] | None = None
    attributes: dict[str, NamedValue] | None = None
    context: dict[str, NamedValue] | None = None
    skip: list[SkipRule] = Field(default_factory=list)
    each: Annotated[Each, BeforeValidator(_list_by_name)] | None = None
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
        if self.context is not None and "context" in self.columns:
            raise ValueError("`context` is given twice: by itself and in `columns`")
        check_all(self.details or {}, "properties" if self.is_events else "attributes")
        check_all(self.context or {}, "context")
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

    def values(self) -> list[Value]:
        """Every value that looks at columns of the source."""
        found = [*self.columns.values(), *(self.details or {}).values(), *(self.context or {}).values()]
        if self.group:
            found += [*self.group.line.values(), *self.group.sum.values()]
        return found

    def source_columns(self) -> set[str]:
        """Every column that the mapping looks at."""
        return {column for value in self.values() for column in value.source_columns()} | self._rule_columns()

    def lacking(self, has: Callable[[str], bool]) -> list[str]:
        """The columns that the mapping cannot do without and that a source lacks."""
        placed = {self.each.position} if self.each else set()
        lacking = {name for value in self.values() for name in value.lacking(has)}
        lacking |= {name for name in self._rule_columns() if not has(name)}
        return sorted(lacking - placed)

    def _rule_columns(self) -> set[str]:
        rules: list[SkipRule | DerivedName] = [*self.skip, *self.events.derive]
        found = {column for rule in rules for column in rule.when}
        if self.group and self.group.line_id:
            found.add(self.group.line_id)
        if self.each:
            found |= {self.each.list, *(self.each.when or ())}
        return found

    def _key_of_the_other_kind(self) -> str | None:
        others = ("attributes",) if self.is_events else ("properties", "context", "events", "group")
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
