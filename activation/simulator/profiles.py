"""The shop's records of its customers: who signs up, moves, changes names, leaves, or turns out to be somebody else."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from activation.simulator import contact_points, documents, names, registry
from activation.simulator.catalogue import to_json
from activation.simulator.people import DAY, EMAIL, FIRST_APP_DEVICE, Bools, Ints, People
from activation.simulator.places import CITY_COUNTS, FIRST_CITY, PLACES
from activation.simulator.registry import Changes

SHARES_ADDRESS = 0.04
SHARES_DEVICE = 0.5  # of those who share an address
HAS_APP = 0.22
FOR_BUSINESS, JOINS_COLLEAGUES = 0.06, 0.55
SIGNS_UP_TWICE, SAME_ADDRESS = 0.02, 0.3
FOUND_OUT_AFTER = (5, 45)  # days
UNKNOWN_ZONE_PER_HUNDRED = 2
# Per person and day.
MOVES, RENAMES, LEAVES = 0.0006, 0.0003, 0.0001
MOVES_ABROAD = 0.25
SETTLED = 5 * DAY  # before that, nobody changes anything
PARTNERS = 500  # how many of the newest customers a newcomer may live with

LANGUAGE_OF = np.array([names.LANGUAGES.index(place.language) for place in PLACES])
CITIES = pa.array(
    [f'"city":{to_json(city)},"country":"{place.country}"' for place in PLACES for city, _ in place.cities]
)
REGIONS = pa.array([f'"region":{to_json(region)}' for place in PLACES for _, region in place.cities])
FIRST_NAMES = pa.array([f'"first_name":{to_json(name)}' for name in names.FIRST.texts])
LAST_NAMES = pa.array([f'"last_name":{to_json(name)}' for name in names.LAST.texts])
LOCALES = pa.array([f'"locale":"{place.locale}"' for place in PLACES])
ZONES = pa.array([f'"timezone":"{place.zone}"}}' for place in PLACES])


def enrol(rng: np.random.Generator, people: People, who: Ints, at: Ints, changes: Changes) -> int:
    """Record new customers, who have their numbers already. Returns how many confirmed their consent."""
    people.signed_up_at[who] = at
    people.address_owner[who] = people.customer[who]
    people.refill_at[who] = np.where(
        people.staple[who] >= 0, at + _days(rng, people.cadence[who]), people.refill_at[who]
    )
    people.app_device[who] = np.where(rng.random(len(who)) < HAS_APP, FIRST_APP_DEVICE + people.customer[who], 0)
    _give_accounts(rng, people, who)
    contact_points.give(rng, people, who)
    _share_households(rng, people, who)
    _sign_up_twice(rng, people, who, at)
    record(people, who, at, changes)
    return contact_points.enrol(rng, people, who, at, changes)


def live_on(rng: np.random.Generator, people: People, start: int, end: int, changes: Changes) -> None:
    """What happens to settled customers by itself: moves, new names, erasures; and who turns out to be another."""
    settled = np.flatnonzero((people.customer >= 0) & ~people.is_gone & (people.signed_up_at < start - SETTLED))
    draws = rng.random((3, len(settled))) * (DAY / (end - start))
    at = rng.integers(start, end, len(settled))
    moves, renames, leaves = draws[0] < MOVES, draws[1] < RENAMES, draws[2] < LEAVES
    _move(rng, people, settled[moves])
    contact_points.move(people, settled[moves], at[moves], changes)
    people.renames[settled[renames]] += 1
    people.is_gone[settled[leaves]] = True
    changed = moves | renames | leaves
    record(people, settled[changed], at[changed], changes, is_deleted=leaves[changed])
    _merge(people, start, end, changes)


def record(
    people: People, who: Ints, at: Ints, changes: Changes, *, is_deleted: Bools | None = None,
    merged_into: Any = None,
) -> None:  # fmt: skip
    """A row of change per person, with everything that is true from then on."""
    if not len(who):
        return
    seed, place = people.name[who], people.place[who]
    city = pa.array(FIRST_CITY[place] + people.city[who])
    account = documents.when(
        people.account[who] > 0, documents.join('"account_id":"', account_ids(people.account[who]), '",')
    )
    language = LANGUAGE_OF[place]
    zone = pc.if_else(
        pa.array((seed // 31) % 100 < UNKNOWN_ZONE_PER_HUNDRED), '"timezone":null}', ZONES.take(pa.array(place))
    )
    attributes = documents.join(
        "{", account, '"birth_date":', _birth_dates(seed), ",", CITIES.take(city), ",",
        FIRST_NAMES.take(pa.array(names.first_names(seed, language))), ",",
        LAST_NAMES.take(pa.array(names.last_names(seed, language, people.renames[who]))), ",",
        LOCALES.take(pa.array(place)), ",", "" if merged_into is None else merged_into, REGIONS.take(city), ",", zone,
    )  # fmt: skip
    changes.add_all("customers", documents.customer_ids(people.customer[who]), attributes, at, is_deleted)


def account_ids(numbers: Ints) -> Any:
    return documents.join("acct-", documents.digits(numbers, 5))


def people_by_customer(people: People) -> Ints:
    """For each customer number the place of the person."""
    customers = np.flatnonzero(people.customer >= 0)
    owners = np.zeros(int(people.customer.max(initial=-1)) + 1, dtype=np.int64)
    owners[people.customer[customers]] = customers
    return owners


def _birth_dates(seed: Ints) -> Any:
    day = names.birth_days(seed)
    texts = pa.array(day.astype(np.int32), mask=day == names.NO_DAY).cast(pa.date32()).cast(pa.string())
    return pc.fill_null(documents.join('"', texts, '"'), "null")


def _days(rng: np.random.Generator, longest: Any) -> Ints:
    return np.asarray((rng.random(len(longest)) * longest * DAY).astype(np.int64))


def _give_accounts(rng: np.random.Generator, people: People, who: Ints) -> None:
    """Some buy for a business; more than half of them for one that buys here already, the others for a new one."""
    draws = rng.random((3, len(who)))
    for_business = draws[0] < FOR_BUSINESS
    known = int(people.account.max(initial=0))
    joins = for_business & (draws[1] < JOINS_COLLEAGUES) & (known > 0)
    opens = for_business & ~joins
    account = np.where(joins, 1 + (draws[2] * known).astype(np.int64), 0)
    people.account[who] = np.where(opens, known + np.cumsum(opens), account)


def _share_households(rng: np.random.Generator, people: People, who: Ints) -> None:
    """A few newcomers give the address of somebody who signed up lately, and some use that person's device."""
    shares = who[(rng.random(len(who)) < SHARES_ADDRESS) & people.has_point[who, EMAIL]]
    known = np.flatnonzero((people.customer >= 0) & people.has_point[:, EMAIL] & (people.signed_up_at > 0))
    known = known[~np.isin(known, who)][-PARTNERS:]
    if not len(known):
        return
    partner = rng.choice(known, len(shares))
    people.address_owner[shares] = people.address_owner[partner]
    same_device = rng.random(len(shares)) < SHARES_DEVICE
    people.spare_device[shares[same_device]] = people.device[partner[same_device]]
    people.shares_device[shares[same_device]] = True


def _sign_up_twice(rng: np.random.Generator, people: People, who: Ints, at: Ints) -> None:
    """A few newcomers are customers already who forgot it: the same person, some with the same address."""
    draws = rng.random((4, len(who)))
    known = np.flatnonzero((people.customer >= 0) & (people.merges_at < 0) & ~people.is_gone)
    known = known[~np.isin(known, who)]
    if not len(known):
        return
    chosen = draws[0] < SIGNS_UP_TWICE
    again = who[chosen]
    first = known[(draws[1][chosen] * len(known)).astype(np.int64)]
    for trait in ("place", "home", "city", "name", "renames", "taste", "second_taste", "habit"):
        getattr(people, trait)[again] = getattr(people, trait)[first]
    people.twin[again] = people.customer[first]
    low, high = FOUND_OUT_AFTER
    people.merges_at[again] = at[chosen] + ((low + draws[2][chosen] * (high - low)) * DAY).astype(np.int64)
    same = (draws[3][chosen] < SAME_ADDRESS) & people.has_point[again, EMAIL] & people.has_point[first, EMAIL]
    people.address_owner[again[same]] = people.address_owner[first[same]]


def _merge(people: People, start: int, end: int, changes: Changes) -> None:
    """It is found out that a customer is an earlier one: from then on only that one comes."""
    who = np.flatnonzero((people.merges_at >= start) & (people.merges_at < end))
    survivor = people_by_customer(people)[people.twin[who]]
    into = documents.join('"merged_into":', registry.customer_texts(people.twin[who]), ",")
    record(people, who, people.merges_at[who], changes, merged_into=into)
    people.is_gone[who] = True
    people.second_device[survivor] = people.device[who]


def _move(rng: np.random.Generator, people: People, who: Ints) -> None:
    """To another city, now and then in another country."""
    abroad = rng.random(len(who)) < MOVES_ABROAD
    people.place[who] = np.where(abroad, rng.integers(0, len(PLACES), len(who)), people.place[who])
    people.city[who] = rng.integers(0, 2**30, len(who)) % CITY_COUNTS[people.place[who]]
    people.moves[who] += 1
