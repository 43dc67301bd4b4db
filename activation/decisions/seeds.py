"""The seeds of time, read and checked: permitted hours, and the zones of countries and regions."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from activation.decisions.calendar import ANY, HoursRule, ZoneRow, known_zones, minutes_of
from activation.decisions.holidays import refresh_holidays
from activation.errors import ConfigError
from activation.model import Channel, Purpose
from activation.warehouses import Warehouse

QUIET_HOURS, COUNTRY_ZONES = "quiet_hours.csv", "country_zones.csv"
CLOCK = re.compile(r"([01]\d|2[0-3]):(00|15|30|45)|24:00")
COLUMNS = {
    QUIET_HOURS: (
        *("country_code", "region", "channel", "purpose", "local_from", "local_to", "days", "holidays"),
        *("basis", "source", "checked_on"),
    ),
    COUNTRY_ZONES: ("country_code", "region", "region_name", "timezone", "position"),
}

Row = Mapping[str, str]
Numbered = tuple[int, Row]


@dataclass(frozen=True, slots=True)
class TimeSeeds:
    """What the two files say."""

    rules: tuple[HoursRule, ...]
    zones: tuple[ZoneRow, ...]


def read_time_seeds(folder: Path, markets: Sequence[str] = ()) -> TimeSeeds:
    """Read both. Raises ConfigError naming file, line, field and remedy of everything that is wrong."""
    zones = _read(folder / COUNTRY_ZONES)
    rules = _read(folder / QUIET_HOURS)
    faults = [f"seeds/{COUNTRY_ZONES}: {fault}" for fault in _faults(zones, _zone_faults)]
    known = {(row["country_code"], row["region"]) for _, row in zones}
    faults += [f"seeds/{QUIET_HOURS}: {fault}" for fault in _faults(rules, lambda row: _rule_faults(row, known))]
    faults += [
        f"seeds/{COUNTRY_ZONES}: country_code: the market {market} has no row: add its time zones."
        for market in markets
        if market not in {country for country, _ in known}
    ]
    if not faults:
        read = TimeSeeds(tuple(_rule(row) for _, row in rules), tuple(_zone(row) for _, row in zones))
        faults = [f"seeds/{QUIET_HOURS}: {fault}" for fault in _never_open(rules, read.rules)]
        if not faults:
            return read
    more = f" And {len(faults) - 5} more." if len(faults) > 5 else ""
    raise ConfigError(f"{' '.join(faults[:5])}{more}", "docs/quiet-hours.md says what each column means.")


def prepare_time(warehouse: Warehouse, schema: str, folder: Path, as_of: datetime) -> tuple[list[str], bool]:
    """Write the public holidays around `as_of`; returns the seeds to load, and whether one has other columns."""
    refresh_holidays(warehouse, read_time_seeds(folder).zones, as_of)
    return unloaded_seeds(warehouse, schema, folder)


def unloaded_seeds(warehouse: Warehouse, schema: str, folder: Path) -> tuple[list[str], bool]:
    """The seeds whose rows are not those of their files, and whether one of them has other columns."""
    names: list[str] = []
    has_other_columns = False
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            wanted = list(csv.DictReader(file))
        if not warehouse.has_table(schema, path.stem):
            names.append(path.stem)
            continue
        found = warehouse.rows(f'select * from "{schema}"."{path.stem}"')  # noqa: S608 - names of our own files
        if _texts(found) != _texts(wanted):
            names.append(path.stem)
            has_other_columns |= not found or not wanted or set(found[0]) != set(wanted[0])
    return names, has_other_columns


def _texts(rows: Iterable[Mapping[str, Any]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((name, _text(value)) for name, value in row.items()) for row in rows)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)


def _read(path: Path) -> list[Numbered]:
    """The rows with their lines. Raises ConfigError when the file or a column is missing."""
    wanted = COLUMNS[path.name]
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [column for column in wanted if column not in (reader.fieldnames or ())]
            if not missing:
                return [(reader.line_num, {name: row[name].strip() for name in wanted}) for row in reader]
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing.", "Restore it; without it nobody's hours are known.") from None
    raise ConfigError(f"seeds/{path.name}: line 1: {missing[0]}: there is no such column.", "Add it.")


def _faults(rows: Iterable[Numbered], check: Callable[[Row], Iterator[tuple[str, str]]]) -> list[str]:
    return [f"line {line}: {field}: {sentence}." for line, row in rows for field, sentence in check(row)]


def _zone_faults(row: Row) -> Iterator[tuple[str, str]]:
    if not re.fullmatch("[A-Z]{2}", row["country_code"]):
        yield "country_code", f"{row['country_code']!r} is no country: write two capitals (ISO 3166)"
    if row["timezone"] not in known_zones():
        yield "timezone", f"{row['timezone']!r} is no time zone: write a name such as Europe/Paris"
    if not row["position"].isdigit():
        yield "position", f"{row['position']!r} is no rank: write 1 for the zone where most people live"


def _rule_faults(row: Row, known: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from _scope_faults(row, known)
    yield from _hours_faults(row)
    if row["holidays"] not in ("true", "false"):
        yield "holidays", f"{row['holidays']!r}: write true where public holidays are permitted, else false"
    if row["basis"] not in ("law", "policy"):
        yield "basis", f"{row['basis']!r}: write law or policy"
    if row["basis"] == "law" and row["country_code"] == ANY:
        yield "basis", "a law is of a country: name it, because a country's own row takes the place of '*'"
    if not row["source"]:
        yield "source", "nothing says where the rule was found: name the law, or who decided"
    try:
        date.fromisoformat(row["checked_on"])
    except ValueError:
        yield "checked_on", f"{row['checked_on']!r} is no day: write when the source was last read, as 2026-01-31"


def _scope_faults(row: Row, known: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    country, region = row["country_code"], row["region"]
    if country != ANY and country not in {code for code, _ in known}:
        yield "country_code", f"{country!r} is not in {COUNTRY_ZONES}: write a code of it, or * for all others"
    elif region and (country, region) not in known:
        yield "region", f"{country} has no region {region!r} in {COUNTRY_ZONES}: write its code, or add it there"
    if row["channel"] != ANY and row["channel"] not in set(Channel):
        yield "channel", f"{row['channel']!r}: write * or one of {', '.join(Channel)}"
    if row["purpose"] != ANY and row["purpose"] not in set(Purpose):
        yield "purpose", f"{row['purpose']!r}: write * or one of {', '.join(Purpose)}"


def _hours_faults(row: Row) -> Iterator[tuple[str, str]]:
    clocks = [field for field in ("local_from", "local_to") if not CLOCK.fullmatch(row[field])]
    for field in clocks:
        yield field, f"{row[field]!r}: write a time in quarters of an hour, such as 08:15, up to 24:00"
    if not clocks and row["local_from"] >= row["local_to"]:
        late = f"{row['local_to']} is not after local_from {row['local_from']}"
        yield "local_to", f"{late}: write the hours that are PERMITTED, which do not cross midnight"
    if not re.fullmatch("[1-7]+", row["days"]) or len(set(row["days"])) != len(row["days"]):
        yield "days", f"{row['days']!r}: write each permitted weekday once, from 1 (Monday) to 7, such as 12345"


def _never_open(rows: Sequence[Numbered], rules: Sequence[HoursRule]) -> Iterator[str]:
    """Rules that together leave somebody nothing; told at the last of them."""
    seen: set[tuple[str, str, str, str]] = set()
    for (line, _), rule in reversed(list(zip(rows, rules, strict=True))):
        channels = list(Channel) if rule.channel == ANY else [rule.channel]
        purposes = list(Purpose) if rule.purpose == ANY else [rule.purpose]
        for channel in channels:
            for purpose in purposes:
                area = (rule.country_code, rule.region, channel, purpose)
                if area not in seen and _is_never_open(area, rules):
                    place = f"{rule.country_code} {rule.region}".strip()
                    yield f"line {line}: local_from: with the other rows for {place} no hour is left for {purpose}."
                    return
                seen.add(area)


def _is_never_open(area: tuple[str, str, str, str], rules: Sequence[HoursRule]) -> bool:
    country, region, channel, purpose = area
    fitting = [
        rule
        for rule in rules
        if rule.country_code == country
        and rule.region in ("", region)
        and rule.channel in (ANY, channel)
        and rule.purpose in (ANY, purpose)
    ]
    days = set.intersection(*(set(rule.days) for rule in fitting))
    return not days or max(rule.opens for rule in fitting) >= min(rule.closes for rule in fitting)


def _rule(row: Row) -> HoursRule:
    return HoursRule(
        country_code=row["country_code"],
        region=row["region"],
        channel=row["channel"],
        purpose=row["purpose"],
        opens=minutes_of(row["local_from"]),
        closes=minutes_of(row["local_to"]),
        days=row["days"],
        holidays=row["holidays"] == "true",
    )


def _zone(row: Row) -> ZoneRow:
    return ZoneRow(
        country_code=row["country_code"],
        region=row["region"],
        region_name=row["region_name"],
        timezone=row["timezone"],
        position=int(row["position"]),
    )
