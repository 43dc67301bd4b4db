"""What a value in a mapping file may be: where it comes from, what it must be, and when it counts."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from activation.config import Strict

Scalar = bool | int | float | str
ValueType = Literal["text", "integer", "number", "boolean", "date", "time", "json"]
Unit = Literal["seconds", "milliseconds", "microseconds"]

ALL = "*"
ORIGINS = ("column", "constant", "compose", "first", "each", "entries", "rest")
# The parts of a `format` that DuckDB and Python read alike.
DIRECTIVES = re.compile(r"%([^YmdHMSfyjbBpI%])")


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


class Entry(Strict):
    """One record of a list of key/value records: the one whose `key` member is `name`. Its value is the `value`
    member, or where that is an object (a value of one of several types), the first member of it that is there."""

    name: str = Field(min_length=1)
    key: str = "key"
    value: str = "value"


def _entry_by_name(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _column_by_name(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


def _number_or_column(value: object) -> object:
    return {"constant": value} if isinstance(value, int | float) else _column_by_name(value)


class Value(Strict):
    """Where a value comes from: one of `ORIGINS`.

    `compose` joins several columns and constants by `separator`; one that lacks a part is missing. `first` is the first
    of several that is there. `each` makes `members` (or the `sum`) of every object of a list. `entries` makes an object
    of a list of key/value records, and `rest` one of all columns that are used nowhere else. With `when` a value is
    missing unless the conditions hold; an `optional` column may be lacking in the file.
    """

    column: str | None = None
    constant: Scalar | None = None
    compose: "list[NamedValue] | None" = None
    first: "Annotated[list[NamedValue], Field(min_length=1)] | None" = None
    each: str | None = None
    entries: str | None = None
    rest: Literal[True] | None = None
    entry: Annotated[Entry, BeforeValidator(_entry_by_name)] | None = None
    members: "Annotated[dict[str, NamedValue], Field(min_length=1)] | None" = None
    sum: "NamedValue | None" = None
    separator: str = ":"
    type: ValueType | None = None
    unit: Unit | None = None
    format: str | None = None
    absolute: bool = False
    times: "Annotated[Value, BeforeValidator(_number_or_column)] | None" = None
    when: Conditions | None = None
    optional: bool = False

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        given = [name for name in ORIGINS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of " + ", ".join(f"`{name}`" for name in ORIGINS))
        if self.entry and self.column is None:
            raise ValueError("`entry` needs the `column` that holds the list")
        if self.optional and self.column is None:
            raise ValueError("`optional` needs a `column`")
        if self.each is not None and (self.members is None) == (self.sum is None):
            raise ValueError("`each` needs either `members` or `sum`")
        if self.each is None and (self.members is not None or self.sum is not None):
            raise ValueError("`members` and `sum` need `each`, the column that holds the list")
        return self

    @model_validator(mode="after")
    def fits_its_type(self) -> Self:
        if (self.absolute or self.times) and self.type not in ("integer", "number"):
            word = "absolute" if self.absolute else "times"
            raise ValueError(f"`{word}` needs `type: integer` or `type: number`")
        if self.type is not None and (self.rest or self.entries is not None or self.members is not None):
            raise ValueError("`type` does not apply to an object or a list")
        if self.unit and self.format:
            raise ValueError("has `unit` and `format`: a time is either a number or a text")
        if (self.unit or self.format) and self.column is None:
            raise ValueError("`unit` and `format` need a `column`")
        if self.format is not None:
            _check_format(self.format)
        return self

    @property
    def parts(self) -> "list[Value]":
        """The values that this one is made of, without those that look into the objects of a list."""
        return [*(self.compose or ()), *(self.first or ()), *([self.times] if self.times else ())]

    @property
    def holder(self) -> str | None:
        """The column that the value itself looks at."""
        return next((name for name in (self.column, self.each, self.entries) if name is not None), None)

    @property
    def described(self) -> str:
        """Where it comes from, in a few words."""
        if self.column is not None:
            text = f"{self.column}[{self.entry.name}]" if self.entry else self.column
        elif self.compose is not None:
            text = self.separator.join(part.described for part in self.compose)
        elif self.first is not None:
            text = "first of " + ", ".join(part.described for part in self.first)
        elif self.each is not None:
            text = f"{'sum over' if self.sum else 'each of'} {self.each}"
        elif self.constant is not None:
            text = f"{self.constant!r}"
        else:
            text = f"all of {self.entries}" if self.entries is not None else "all other columns"
        if self.times is not None:
            text = f"{text} times {self.times.described}"
        return f"{text} (on condition)" if self.when else text

    def source_columns(self) -> Iterator[str]:
        """Every column that the value looks at, also those that may be lacking."""
        if self.holder is not None:
            yield self.holder
        for part in self.parts:
            yield from part.source_columns()
        yield from self.when or ()

    def lacking(self, has: Callable[[str], bool]) -> Iterator[str]:
        """The columns without which the value makes no sense and that a file lacks."""
        if self.first is not None:
            lacking = [list(part.lacking(has)) for part in self.first]
            yield from () if any(not names for names in lacking) else lacking[0]
        elif not self.optional:
            own = [self.holder] if self.holder is not None else []
            yield from (name for name in own if not has(name))
            for part in self.parts:
                yield from part.lacking(has)
        yield from (name for name in self.when or () if not has(name))

    @property
    def may_be_an_object(self) -> bool:
        """Whether it may stand at `*`, whose members are all kept."""
        if self.first is not None:
            return all(part.may_be_an_object for part in self.first)
        named = self.rest is not None or self.entries is not None or self.column is not None
        return named and self.type is None and self.entry is None


NamedValue = Annotated[Value, BeforeValidator(_column_by_name)]
Value.model_rebuild()


def check_all(values: "dict[str, Value]", key: str) -> None:
    """Raise ValueError where what stands at `*` cannot be an object."""
    for name, value in values.items():
        if name == ALL and not value.may_be_an_object:
            raise ValueError(f"`{key}` has `{ALL}`, which takes a column that holds an object, `entries` or `rest`")
        if name != ALL and value.rest:
            raise ValueError(f"`rest` stands at `{ALL}` only, not at {name!r}")


def _check_format(text: str) -> None:
    unknown = DIRECTIVES.search(text)
    if unknown or "%" not in text:
        fault = f"has %{unknown.group(1)}" if unknown else "has no directive"
        raise ValueError(
            f"`format` {fault}: use those of strptime without a zone, for example %Y%m%d or %d/%m/%Y %H:%M"
        )
    instant = datetime(2001, 2, 3, 4, 5, 6)
    try:
        datetime.strptime(instant.strftime(text), text)
    except (ValueError, re.error) as error:
        raise ValueError(f"`format` cannot be read: {error}") from None
