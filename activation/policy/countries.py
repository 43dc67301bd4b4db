"""The countries that exist, by their codes of two letters (ISO 3166-1), as the time zone database lists them."""

from functools import cache
from importlib.resources import files


@cache
def countries() -> frozenset[str]:
    """Every code, in capitals."""
    listed = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line.partition("\t")[0] for line in listed if line and not line.startswith("#"))
