"""How amounts and dates are written where the reader lives: the few locales that our templates speak."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NO_BREAK = "\u00a0"
NARROW = "\u202f"
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹"}
PLACES = {"JPY": 0, "KRW": 0, "ISK": 0, "HUF": 0, "CLP": 0, "VND": 0, "KWD": 3, "BHD": 3, "TND": 3}


@dataclass(frozen=True, slots=True)
class Style:
    """How one locale writes. `money` has {symbol} and {amount}; `day` has {d}, {month} and {y}."""

    thousands: str
    decimal: str
    money: str
    day: str
    months: tuple[str, ...]


def _months(names: str) -> tuple[str, ...]:
    return tuple(names.split())


EN = _months("January February March April May June July August September October November December")
DE = _months("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
FR = _months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
NL = _months("januari februari maart april mei juni juli augustus september oktober november december")
AT = ("Jänner", *DE[1:])
STYLES = {
    "en": Style(",", ".", "{symbol}{amount}", "{d} {month} {y}", EN),
    "en-US": Style(",", ".", "{symbol}{amount}", "{month} {d}, {y}", EN),
    "de": Style(".", ",", "{amount}" + NO_BREAK + "{symbol}", "{d}. {month} {y}", DE),
    "de-AT": Style(".", ",", "{symbol}" + NO_BREAK + "{amount}", "{d}. {month} {y}", AT),
    "de-CH": Style("\u2019", ".", "{symbol}" + NO_BREAK + "{amount}", "{d}. {month} {y}", DE),
    "fr": Style(NARROW, ",", "{amount}" + NO_BREAK + "{symbol}", "{d} {month} {y}", FR),
    "nl": Style(".", ",", "{symbol}" + NO_BREAK + "{amount}", "{d} {month} {y}", NL),
}


def style_for(locale: str) -> Style:
    """The style of a locale, of its language, or English."""
    return STYLES.get(locale) or STYLES.get(locale.partition("-")[0]) or STYLES["en"]


def format_money(amount: object, currency: str, locale: str) -> str:
    """An amount with its currency. Raises ValueError when it is not a finite number."""
    try:
        value = Decimal(str(amount))
        if not value.is_finite():
            raise InvalidOperation
        rounded = value.quantize(Decimal(1).scaleb(-PLACES.get(currency, 2)), ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError("an amount is not a number") from None
    style = style_for(locale)
    whole, _, places = f"{abs(rounded):,f}".partition(".")
    number = whole.replace(",", style.thousands) + (style.decimal + places if places else "")
    symbol = SYMBOLS.get(currency, currency)
    pattern = style.money
    if symbol == currency:  # letters and digits must not touch
        pattern = pattern.replace("{symbol}{amount}", "{symbol}" + NO_BREAK + "{amount}")
    return ("-" if rounded < 0 else "") + pattern.format(symbol=symbol, amount=number)


def format_date(value: object, locale: str, timezone: str) -> str:
    """The day on which an instant (UTC) falls where the reader lives; a date stays what it is.

    Raises ValueError for text that is no ISO 8601 date or time.
    """
    day = _local_day(value, timezone)
    style = style_for(locale)
    first = style.months is FR and day.day == 1
    return style.day.format(d="1er" if first else day.day, month=style.months[day.month - 1], y=day.year)


def _local_day(value: object, timezone: str) -> date:
    if isinstance(value, str):
        value = date.fromisoformat(value) if len(value) == len("2026-01-31") else datetime.fromisoformat(value)
    if isinstance(value, datetime):
        instant = value if value.tzinfo else value.replace(tzinfo=UTC)
        return instant.astimezone(_zone(timezone)).date()
    if isinstance(value, date):
        return value
    raise ValueError("a date is neither a time nor text")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
