"""Public holidays, computed offline by the package `holidays` and kept in `engine.public_holidays` for the models."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version

import pyarrow as pa

from activation.decisions.calendar import ZoneRow
from activation.warehouses import Warehouse
from activation.warehouses.schema import ENGINE, PUBLIC_HOLIDAYS

TABLE = "public_holidays"
Regions = Mapping[str, Sequence[str]]


def refresh_holidays(warehouse: Warehouse, zones: Iterable[ZoneRow], as_of: datetime) -> int:
    """Write the holidays of the years around `as_of` that are not there yet; returns the rows written.

    A year is computed again when the package or the list of countries and regions is another than last time; years
    further away stay as they are. A country that the package does not know has no holidays.
    """
    regions = _regions(zones)
    source = _source(regions)
    found = warehouse.rows("select distinct year, source from engine.public_holidays")
    present = {row["year"] for row in found} - {row["year"] for row in found if row["source"] != source}
    missing = sorted({as_of.year - 1, as_of.year, as_of.year + 1} - present)
    if not missing:
        return 0
    rows = [{**row, "source": source} for row in public_holidays(regions, missing)]
    batch = pa.Table.from_pylist(rows, pa.schema([(name, KINDS[kind]) for name, kind in PUBLIC_HOLIDAYS]))
    with warehouse.transaction():
        for year in missing:
            warehouse.execute("delete from engine.public_holidays where year = $year", {"year": year})
        return warehouse.append(ENGINE, TABLE, batch.to_batches())


def public_holidays(regions: Regions, years: Collection[int]) -> Iterator[dict[str, object]]:
    """The holidays of each country, and of a region those that not all of the country has, one row per day."""
    # It takes a moment to import, and most builds have their holidays already.
    from holidays import country_holidays
    from holidays.utils import list_supported_countries

    supported = list_supported_countries()
    for country in sorted(set(regions) & set(supported)):
        everywhere = dict(country_holidays(country, years=years))
        for day, name in sorted(everywhere.items()):
            yield _row(country, "", day.isoformat(), name, day.year)
        for region in sorted(set(regions[country]) & set(supported[country])):
            for day, name in sorted(country_holidays(country, subdiv=region, years=years).items()):
                if day not in everywhere:
                    yield _row(country, region, day.isoformat(), name, day.year)


KINDS = {"text": pa.string(), "bigint": pa.int64()}


def _row(country: str, region: str, day: str, name: str, year: int) -> dict[str, object]:
    return {"country_code": country, "region": region, "holiday_on": day, "name": name, "year": year}


def _regions(zones: Iterable[ZoneRow]) -> Regions:
    found: dict[str, set[str]] = {}
    for row in zones:
        found.setdefault(row.country_code, set()).update({row.region} - {""})
    return {country: sorted(regions) for country, regions in found.items()}


def _source(regions: Regions) -> str:
    """What the rows were computed with: the package's release, and a digest of what it was asked for."""
    asked = hashlib.sha256(repr(sorted(regions.items())).encode()).hexdigest()[:8]
    return f"holidays {version('holidays')} {asked}"
