"""The shop's records of customers, contact points, consents and products, as rows of change."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from activation.simulator import names
from activation.simulator.catalogue import PRODUCTS, to_json
from activation.simulator.people import (
    CONFIRMED,
    DAY,
    EMAIL,
    HOUR,
    MINUTE,
    NO_CONSENT,
    UNCONFIRMED,
    WITHDRAWN,
    Ints,
    People,
)
from activation.simulator.places import PLACES

CHANNEL, PURPOSE, BRAND = "email", "marketing", "default"
CHANGE_SCHEMA = pa.schema(
    [("id", pa.string()), ("attributes", pa.string()), ("changed_at", pa.timestamp("us")), ("is_deleted", pa.bool_())]
)

SHARES_ADDRESS = 0.04
SHARES_DEVICE = 0.5  # of those who share an address
HAS_NO_CONTACT_POINT = 0.05
OPTS_IN, CONFIRMS = 0.82, 0.88
UNKNOWN_ZONE_PER_HUNDRED = 2
# Per person and day.
WITHDRAWS, RETURNS, MOVES, LEAVES = 0.0008, 0.002, 0.0004, 0.0001
SETTLED = 5 * DAY  # before that, nobody changes anything


@dataclass
class Changes:
    """Rows of change, table by table."""

    rows: dict[str, list[tuple[str, str, int, bool]]] = field(default_factory=lambda: defaultdict(list))
    columns: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, row_id: str, attributes: str, changed_at: int, *, is_deleted: bool = False) -> None:
        self.rows[table].append((row_id, attributes, int(changed_at) // 1000 * 1000, is_deleted))

    def add_all(self, table: str, row_ids: pa.Array, attributes: pa.Array, changed_at: Ints) -> None:
        """Many rows at once, none of them a deletion, as columns."""
        times = pa.array(np.asarray(changed_at) // 1000 * 1000).cast(pa.timestamp("us"))
        columns = [row_ids, attributes, times, pa.array(np.zeros(len(row_ids), dtype=np.bool_))]
        if len(row_ids):
            self.columns[table].append(pa.Table.from_arrays(columns, schema=CHANGE_SCHEMA))

    def tables(self) -> dict[str, pa.Table]:
        parts = {table: list(columns) for table, columns in self.columns.items()}
        for table, rows in self.rows.items():
            parts.setdefault(table, []).insert(0, _table(rows))
        return {table: pa.concat_tables(tables) for table, tables in parts.items()}


def _table(rows: list[tuple[str, str, int, bool]]) -> pa.Table:
    ids, attributes, changed_at, is_deleted = zip(*rows, strict=True)
    columns = [pa.array(ids), pa.array(attributes), pa.array(changed_at).cast(pa.timestamp("us")), pa.array(is_deleted)]
    return pa.Table.from_arrays(columns, schema=CHANGE_SCHEMA)


def customer_id(number: int) -> str:
    return f"cust-{number:07d}"


def contact_point_id(number: int) -> str:
    return f"cp-{number:07d}"


def enrol(rng: np.random.Generator, people: People, who: Ints, at: Ints, changes: Changes) -> int:
    """Record new customers, who have their numbers already. Returns how many confirmed their consent."""
    count = len(who)
    people.signed_up_at[who] = at
    people.address_owner[who] = people.customer[who]
    people.has_point[who, EMAIL] = rng.random(count) >= HAS_NO_CONTACT_POINT
    _share_households(rng, people, who)
    draws = rng.random((count, 2))
    opted = np.where(draws[:, 0] < OPTS_IN, np.where(draws[:, 1] < CONFIRMS, CONFIRMED, UNCONFIRMED), NO_CONSENT)
    people.consent[who, EMAIL] = np.where(people.has_point[who, EMAIL], opted, NO_CONSENT)
    confirmed_at = at + (rng.exponential(40 * MINUTE, count) + MINUTE).astype(np.int64)
    owners = _people_by_customer(people)
    for place, person in enumerate(who):
        record_customer(people, int(person), int(at[place]), changes)
        if people.has_point[person, EMAIL]:
            record_contact_point(people, int(person), owners, int(at[place]), changes)
        if people.consent[person, EMAIL] != NO_CONSENT:
            record_consent(people, int(person), UNCONFIRMED, "sign_up", int(at[place]), changes)
        if people.consent[person, EMAIL] == CONFIRMED:
            record_consent(people, int(person), CONFIRMED, "confirmation", int(confirmed_at[place]), changes)
    return int((people.consent[who, EMAIL] == CONFIRMED).sum())


def _share_households(rng: np.random.Generator, people: People, who: Ints) -> None:
    """A few newcomers give the address of somebody who signed up lately, and some use that person's device."""
    shares = who[(rng.random(len(who)) < SHARES_ADDRESS) & people.has_point[who, EMAIL]]
    known = np.flatnonzero((people.customer >= 0) & people.has_point[:, EMAIL] & (people.signed_up_at > 0))
    known = known[~np.isin(known, who)][-500:]
    if not len(known):
        return
    partner = rng.choice(known, len(shares))
    people.address_owner[shares] = people.address_owner[partner]
    same_device = rng.random(len(shares)) < SHARES_DEVICE
    people.spare_device[shares[same_device]] = people.device[partner[same_device]]


def _people_by_customer(people: People) -> Ints:
    """For each customer number the place of the person."""
    customers = np.flatnonzero(people.customer >= 0)
    owners = np.zeros(int(people.customer.max(initial=-1)) + 1, dtype=np.int64)
    owners[people.customer[customers]] = customers
    return owners


def record_customer(people: People, person: int, at: int, changes: Changes, *, is_deleted: bool = False) -> None:
    place = PLACES[people.place[person]]
    seed, number = int(people.name[person]), int(people.customer[person])
    first, last = names.full_name(seed, place.language)
    attributes = {
        "birth_date": names.birth_date(seed),
        "country": place.country,
        "first_name": first,
        "last_name": last,
        "locale": place.locale,
        "timezone": None if (seed // 31) % 100 < UNKNOWN_ZONE_PER_HUNDRED else place.zone,
    }
    changes.add("customers", customer_id(number), to_json(attributes), at, is_deleted=is_deleted)


def record_contact_point(people: People, person: int, owners: Ints, at: int, changes: Changes) -> None:
    number, owner = int(people.customer[person]), int(people.address_owner[person])
    attributes = {
        "address": names.address(int(people.name[owners[owner]]), owner),
        "channel": CHANNEL,
        "customer_id": customer_id(number),
        "is_primary": True,
    }
    changes.add("contact_points", contact_point_id(number), to_json(attributes), at)


def record_consent(people: People, person: int, consent: int, source: str, at: int, changes: Changes) -> None:
    point = contact_point_id(int(people.customer[person]))
    attributes = {
        "brand": BRAND,
        "channel": CHANNEL,
        "contact_point_id": point,
        "is_confirmed": consent == CONFIRMED,
        "purpose": PURPOSE,
        "source": source,
        "status": "withdrawn" if consent == WITHDRAWN else "granted",
    }
    changes.add("consents", f"{point}:{CHANNEL}:{PURPOSE}:{BRAND}", to_json(attributes), at)


def live_on(rng: np.random.Generator, people: People, start: int, end: int, changes: Changes) -> None:
    """What happens to settled customers by itself: consents withdrawn and given again, moves, erasures."""
    settled = (people.customer >= 0) & ~people.is_gone & (people.signed_up_at < start - SETTLED)
    draws = rng.random((3, len(people))) * (DAY / (end - start))
    at = rng.integers(start, end, len(people))
    by_mail = people.consent[:, EMAIL]
    granted = (by_mail == UNCONFIRMED) | (by_mail == CONFIRMED)
    withdraws = settled & granted & (draws[0] < WITHDRAWS)
    returns = settled & (by_mail == WITHDRAWN) & (draws[0] < RETURNS)
    for chosen, consent, source in ((withdraws, WITHDRAWN, "preferences"), (returns, CONFIRMED, "preferences")):
        people.consent[chosen, EMAIL] = consent
        for person in np.flatnonzero(chosen):
            record_consent(people, int(person), consent, source, int(at[person]), changes)
    moves = settled & (draws[1] < MOVES)
    people.place[moves] = rng.integers(0, len(PLACES), int(moves.sum()))
    leaves = settled & (draws[2] < LEAVES)
    people.is_gone[leaves] = True
    for person in np.flatnonzero(moves | leaves):
        record_customer(people, int(person), int(at[person]), changes, is_deleted=bool(leaves[person]))


def record_products(products: Ints, price: Ints, stock: Ints, at: int, changes: Changes) -> None:
    for number in products:
        product = PRODUCTS[number]
        changes.add("products", product.product_id, product.attributes(int(price[number]), int(stock[number])), at)


def withdraw(people: People, person: int, at: int, draw: float, changes: Changes) -> int:
    """A person whom a message made unsubscribe, some minutes to hours after it; returns when."""
    people.consent[person, EMAIL] = WITHDRAWN
    later = (at + 2 * MINUTE + int(draw * (12 * HOUR - 2 * MINUTE))) // 1000 * 1000
    record_consent(people, person, WITHDRAWN, "unsubscribe_link", later, changes)
    return later
