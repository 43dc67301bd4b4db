"""How customers can be reached, channel by channel, and what they agree to: contact points and consents.

Every consent has its history: given, confirmed, withdrawn, given again, each a row of change of its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from activation.simulator import documents, names, registry
from activation.simulator.people import (
    CHANNELS,
    CONFIRMED,
    DAY,
    EMAIL,
    HOUR,
    MINUTE,
    POST,
    PUSH,
    UNCONFIRMED,
    WITHDRAWN,
    Ints,
    People,
)
from activation.simulator.places import FIRST_CITY, PLACES
from activation.simulator.registry import Changes

BRAND = "default"
MARKETING, SERVICE = "marketing", "service"
# Per person and day.
WITHDRAWS, RETURNS, RENEWS_TOKEN = 0.0008, 0.002, 0.003
SETTLED = 5 * DAY
PREFERENCES, LINK, SIGN_UP, CONFIRMATION = "preferences", "unsubscribe_link", "sign_up", "confirmation"


@dataclass(frozen=True, slots=True)
class Habit:
    """How likely people have a contact point on a channel (of those who may), agree to marketing and confirm it.

    `delay` is the mean time until they confirm, 0 where agreeing is enough; `service` how likely they agree to service
    messages, where they are asked.
    """

    has_one: float
    opts_in: float
    confirms: float
    delay: int
    service: float


HABITS = (
    Habit(has_one=0.95, opts_in=0.82, confirms=0.88, delay=40 * MINUTE, service=0.0),
    Habit(has_one=0.45, opts_in=0.45, confirms=0.85, delay=4 * MINUTE, service=0.85),
    Habit(has_one=1.00, opts_in=0.60, confirms=1.00, delay=0, service=0.90),
    Habit(has_one=0.55, opts_in=0.50, confirms=1.00, delay=0, service=0.0),
)
STREETS = {
    "en": ("{n} Mill Lane", "{n} Station Road", "{n} Church Street"),
    "de": ("Lindenweg {n}", "Bahnhofstraße {n}", "Mühlgasse {n}"),
    "fr": ("{n} rue des Lilas", "{n} avenue de la Gare", "{n} place de l'Église"),
    "nl": ("Molenweg {n}", "Stationsstraat {n}", "Kerkplein {n}"),
    "es": ("Calle Mayor {n}", "Avenida del Río {n}", "Plaza Nueva {n}"),
    "it": ("Via Roma {n}", "Corso Garibaldi {n}", "Piazza del Duomo {n}"),
}
STREET_COUNT = 3
_STREETS = [street.partition("{n}") for place in PLACES for street in STREETS[place.language]]
STREETS_BEFORE, STREETS_AFTER = (pa.array([street[part] for street in _STREETS]) for part in (0, 2))
_CODES = [place.postcode.partition("{}") for place in PLACES]
CODES_BEFORE, CODES_AFTER = (pa.array([code[part] for code in _CODES]) for part in (0, 2))
HAS_CODE = np.array([bool(code[1]) for code in _CODES])
CITIES = pa.array([city for place in PLACES for city, _ in place.cities])
COUNTRIES = pa.array([place.country for place in PLACES])
PHONES = pa.array([place.phone for place in PLACES])
PHONE_DIGITS = np.array([place.phone_digits for place in PLACES])


def give(rng: np.random.Generator, people: People, who: Ints) -> None:
    """Which contact points each new customer names; the app brings its own."""
    draws = rng.random((len(who), len(CHANNELS)))
    has_one = draws < [habit.has_one for habit in HABITS]
    has_one[:, PUSH] &= people.app_device[who] > 0
    people.has_point[who] = has_one


def enrol(rng: np.random.Generator, people: People, who: Ints, at: Ints, changes: Changes) -> int:
    """Write down the contact points and consents of new customers; returns how many confirmed the one to e-mail."""
    for channel, habit in enumerate(HABITS):
        draws = rng.random((3, len(who)))
        wait = (rng.exponential(max(habit.delay, 1), len(who)) + MINUTE).astype(np.int64)
        has_one = people.has_point[who, channel]
        confirms = has_one & (draws[0] < habit.opts_in) & (draws[1] < habit.confirms)
        opts_in = has_one & (draws[0] < habit.opts_in) & (habit.delay > 0)
        record_points(people, who[has_one], channel, at[has_one], changes)
        people.consent[who[opts_in], channel] = UNCONFIRMED
        record_consents(people, who[opts_in], channel, MARKETING, UNCONFIRMED, SIGN_UP, at[opts_in], changes)
        people.consent[who[confirms], channel] = CONFIRMED
        confirmed_at, source = (at + wait, CONFIRMATION) if habit.delay else (at, SIGN_UP)
        record_consents(people, who[confirms], channel, MARKETING, CONFIRMED, source, confirmed_at[confirms], changes)
        agrees = has_one & (draws[2] < habit.service)
        people.service_consent[who[agrees], channel] = CONFIRMED
        record_consents(people, who[agrees], channel, SERVICE, CONFIRMED, SIGN_UP, at[agrees], changes)
    return int((people.consent[who, EMAIL] == CONFIRMED).sum())


def live_on(rng: np.random.Generator, people: People, start: int, end: int, changes: Changes) -> None:
    """Settled customers change their minds, each about one channel and purpose at a time, and apps get new tokens."""
    settled = np.flatnonzero((people.customer >= 0) & ~people.is_gone & (people.signed_up_at < start - SETTLED))
    topics = [(channel, purpose) for channel in range(len(CHANNELS)) for purpose in (MARKETING, SERVICE)]
    draws = rng.random((2, len(settled)))
    # The first draw says which topic somebody thinks about, what is left of it whether the mind changes.
    topic = (draws[0] * len(topics)).astype(np.int64)
    doubt = (draws[0] * len(topics) - topic) * (DAY / (end - start)) / len(topics)
    thinks = np.flatnonzero(doubt < max(WITHDRAWS, RETURNS))
    at = start + (draws[1][thinks] * (end - start)).astype(np.int64)
    for number, (channel, purpose) in enumerate(topics):
        consent = people.consent if purpose == MARKETING else people.service_consent
        now = consent[settled[thinks], channel]
        is_about = topic[thinks] == number
        withdraws = is_about & np.isin(now, (UNCONFIRMED, CONFIRMED)) & (doubt[thinks] < WITHDRAWS)
        returns = is_about & (now == WITHDRAWN) & (doubt[thinks] < RETURNS)
        for chosen, becomes in ((withdraws, WITHDRAWN), (returns, CONFIRMED)):
            who = settled[thinks][chosen]
            consent[who, channel] = becomes
            record_consents(people, who, channel, purpose, becomes, PREFERENCES, at[chosen], changes)
    renews = (draws[1] * (DAY / (end - start)) < RENEWS_TOKEN) & people.has_point[settled, PUSH]
    record_points(people, settled[renews], PUSH, start + (draws[0][renews] * (end - start)).astype(np.int64), changes)


def move(people: People, who: Ints, at: Ints, changes: Changes) -> None:
    """People who moved give their new address, where they had given the old one."""
    writes = people.has_point[who, POST]
    record_points(people, who[writes], POST, at[writes], changes)


def withdraw(people: People, person: int, channel: int, at: int, changes: Changes) -> None:
    """A person leaves by the link of a message."""
    people.consent[person, channel] = WITHDRAWN
    who, when = np.array([person]), np.array([at])
    record_consents(people, who, channel, MARKETING, WITHDRAWN, LINK, when, changes)


def record_points(people: People, who: Ints, channel: int, at: Ints, changes: Changes) -> None:
    """A row of change per person: the address on one channel as it is from then on."""
    if not len(who):
        return
    number = people.customer[who]
    address = (_emails, _phones, _tokens, _letters)[channel](people, who, at)
    attributes = documents.join(
        '{"address":"', address, f'","channel":"{CHANNELS[channel]}","customer_id":',
        registry.customer_texts(number), ',"is_primary":true}',
    )  # fmt: skip
    changes.add_all("contact_points", registry.contact_point_ids(number, channel), attributes, at)


def record_consents(
    people: People, who: Ints, channel: int, purpose: str, consent: int, source: str, at: Ints, changes: Changes
) -> None:
    """A row of change per person: what is agreed to for one channel and purpose from then on."""
    if not len(who):
        return
    point = registry.contact_point_ids(people.customer[who], channel)
    name = CHANNELS[channel]
    ending = (
        f'","is_confirmed":{"true" if consent == CONFIRMED else "false"},"purpose":"{purpose}","source":"{source}",'
        f'"status":"{"withdrawn" if consent == WITHDRAWN else "granted"}"}}'
    )
    attributes = documents.join(f'{{"brand":"{BRAND}","channel":"{name}","contact_point_id":"', point, ending)
    changes.add_all("consents", documents.join(point, f":{name}:{purpose}:{BRAND}"), attributes, at)


def _emails(people: People, who: Ints, at: Ints) -> Any:  # noqa: ARG001 - all four are called alike
    return names.addresses(people.address_owner[who])


def _phones(people: People, who: Ints, at: Ints) -> Any:  # noqa: ARG001 - see above
    """Valid numbers of the country in which the person signed up, one each."""
    number, home = people.customer[who], people.home[who]
    ending = documents.digits(10 ** PHONE_DIGITS[home] + number % 10 ** PHONE_DIGITS[home])
    return documents.join(PHONES.take(pa.array(home)), pa.compute.utf8_slice_codeunits(ending, 1))


def _tokens(people: People, who: Ints, at: Ints) -> Any:
    """Each installation's token, another one every time."""
    return documents.join("token-", documents.scrambled(people.app_device[who] * 2**20 + at // HOUR % 2**20))


def _letters(people: People, who: Ints, at: Ints) -> Any:  # noqa: ARG001 - see above
    """Street, postcode and city, country, in one line."""
    place, seed = people.place[who], people.name[who] // 13 + 7 * people.moves[who]
    street = pa.array(place * STREET_COUNT + seed % STREET_COUNT)
    code = documents.when(HAS_CODE[place], documents.digits(10 + seed // 11 % 89))
    return documents.join(
        STREETS_BEFORE.take(street), documents.digits(1 + seed // 5 % 120), STREETS_AFTER.take(street), ", ",
        CODES_BEFORE.take(pa.array(place)), code, CODES_AFTER.take(pa.array(place)), " ",
        CITIES.take(pa.array(FIRST_CITY[place] + people.city[who])), ", ", COUNTRIES.take(pa.array(place)),
    )  # fmt: skip
