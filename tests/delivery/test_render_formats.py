"""Amounts and dates as the reader writes them."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from activation.delivery.formats import STYLES, format_date, format_money

babel_dates = pytest.importorskip("babel.dates")
babel_numbers = pytest.importorskip("babel.numbers")
CLDR = {"en": "en_GB"} | {locale: locale.replace("-", "_") for locale in STYLES if locale != "en"}


# Where CLDR writes the symbol as we do; it has "£GB" in French and "EUR" in Swiss German.
SAME_SYMBOL = {(locale, "EUR") for locale in STYLES if locale != "de-CH"} | {
    ("de-CH", "CHF"),
    ("en", "GBP"),
    ("nl", "CHF"),
}


def figures(text: str) -> str:
    """The number in an amount, with its separators."""
    found = re.search(r"\d[\d., ']*", text)
    assert found
    return found[0].strip()


def plain(text: str) -> str:
    """CLDR's own spaces and apostrophes vary with its version."""
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("\u2019", "'")


@pytest.mark.parametrize("locale", STYLES)
@pytest.mark.parametrize("currency", ["EUR", "GBP", "CHF", "JPY", "KWD"])
@pytest.mark.parametrize("amount", ["0", "12.3", "1234.56", "1234567.891"])
def test_amounts_agree_with_cldr(locale: str, currency: str, amount: str) -> None:
    """Separators, places and the order of symbol and number are those of Babel's tables."""
    ours = plain(format_money(amount, currency, locale))
    theirs = plain(babel_numbers.format_currency(Decimal(amount), currency, locale=CLDR[locale]))
    assert figures(ours) == figures(theirs)
    if (locale, currency) in SAME_SYMBOL:
        assert ours == theirs


@pytest.mark.parametrize("locale", STYLES)
@pytest.mark.parametrize("month", range(1, 13))
def test_dates_agree_with_cldr(locale: str, month: int) -> None:
    """The long form of each month is that of Babel's tables."""
    day = date(2026, month, 1 if month == 8 else 17)
    theirs = babel_dates.format_date(day, "long", locale=CLDR[locale])
    assert format_date(day, locale, "UTC") == theirs.replace("1 août", "1er août")


def test_amounts_are_rounded_half_up() -> None:
    """As a shop rounds; what has no minor unit shows none, and a minus stands before everything."""
    assert format_money("0.005", "EUR", "en") == "€0.01"
    assert format_money(1234.5, "JPY", "en") == "¥1,235"
    assert format_money(-3, "GBP", "en") == "-£3.00"
    assert format_money(0.1 * 3, "EUR", "de") == "0,30\u00a0€"
    assert format_money(5, "CHF", "en") == "CHF\u00a05.00"


@pytest.mark.parametrize("amount", ["", "x", None, float("inf"), "NaN", "1e999999", True, []])
def test_what_is_no_amount_is_refused(amount: object) -> None:
    """With one kind of error that holds no data."""
    with pytest.raises(ValueError, match="an amount is not a number"):
        format_money(amount, "EUR", "en")


def test_days_are_the_readers() -> None:
    """Times without a zone are UTC; others are converted; dates stay; text is ISO 8601."""
    late = datetime(2026, 3, 28, 23, 30)
    assert format_date(late, "en", "Europe/Berlin") == "29 March 2026"
    assert format_date(late.replace(tzinfo=UTC), "en", "America/New_York") == "28 March 2026"
    assert format_date(late.replace(tzinfo=timezone(timedelta(hours=-5))), "en", "UTC") == "29 March 2026"
    assert format_date("2026-03-28", "en", "Pacific/Kiritimati") == "28 March 2026"
    assert format_date("2026-03-28T23:30:00Z", "en", "Europe/Berlin") == "29 March 2026"
    assert format_date("2026-03-28 23:30:00", "en", "") == "28 March 2026"
    for wrong in ("yesterday", "", None, 5):
        with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's
            format_date(wrong, "en", "UTC")
