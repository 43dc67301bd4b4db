"""Who comes in a stretch of at most one day, on which device, and what becomes of the visit."""

from dataclasses import dataclass

import numpy as np

from activation.simulator.catalogue import draw_products, substitutes
from activation.simulator.habits import draw_people
from activation.simulator.people import (
    CART_SLOTS,
    DAY,
    HOUR,
    MINUTE,
    Bools,
    Floats,
    Ints,
    People,
    zone_offsets,
)

BROWSE, ADD, CHECKOUT, ORDER, EMPTY, REMOVE = range(6)
KNOWN, SIGN_IN, SIGN_UP, STAYS_UNKNOWN = range(4)
MAX_VIEWS = 8
MAX_NEW_ITEMS = 3
CART_LIFETIME = 7 * DAY

DORMANT_FACTOR = 0.12  # how often a dormant customer comes, relative to before
FALL_ASLEEP = 0.008  # per day
WAKE_UP = 0.002  # per day
ANONYMOUS_START = 0.12  # of customers' visits begin on a device that does not know them
SIGN_IN_CHANCE = 0.5  # of those sign in although they do not buy
SIGN_UP_CHANCE = 0.30  # per visit of a visitor
GIVE_UP_CHANCE = 0.40  # per visit of a visitor that does not sign up
AGAIN_SAME_DAY = 0.15  # of visits are followed by another look, hours later

ORDER_CHANCE = 0.115
ORDER_CHANCE_WITH_CART = 0.22
ORDER_CHANCE_AT_SIGN_UP = 0.20
MOST_CERTAIN = 0.95  # no visit is surer than this to end in an order
# The rest of the visits, by what becomes of the cart, without and with an open one.
WITHOUT_CART = ((ADD, 0.10), (CHECKOUT, 0.035), (EMPTY, 0.02))
WITH_CART = ((ADD, 0.10), (CHECKOUT, 0.05), (EMPTY, 0.08), (REMOVE, 0.05))


@dataclass
class Visits:
    """One element per visit. `cart_*` is the cart as it stands after all that was added."""

    number: Ints
    person: Ints
    start: Ints
    device: Ints
    identity: Ints
    outcome: Ints
    cart: Ints
    items_before: Ints
    items: Ints
    cart_product: Ints
    cart_quantity: Ints
    cart_price: Ints
    views: Ints
    view_count: Ints
    new_item: Ints  # per new item the slot that it takes, -1 where it is already in the cart
    new_count: Ints
    looks_again: Bools

    def __len__(self) -> int:
        return len(self.person)


def who_comes(rng: np.random.Generator, people: People, start: int, end: int) -> tuple[Ints, Ints]:
    """The people who visit between two instants, at most a day apart, and when: each at most once."""
    rate = people.visit_rate * np.where(people.is_dormant, DORMANT_FACTOR, 1.0)
    comes = (rng.random(len(people)) < 1 - np.exp(-rate)) & ~people.is_gone
    person = np.flatnonzero(comes)
    begins = _instants(rng, people, person, start)
    return person[begins < end], begins[begins < end]


def who_is_new(rng: np.random.Generator, daily: float, start: int, end: int, first_device: int) -> tuple[People, Ints]:
    """The visitors who come for the first time between two instants, and when."""
    newcomers = draw_people(rng, int(rng.poisson(daily)), first_device)
    begins = _instants(rng, newcomers, np.arange(len(newcomers)), start)
    return newcomers.take(begins < end), begins[begins < end]


def change_moods(rng: np.random.Generator, people: People, length: int) -> None:
    """Some active customers fall asleep, some dormant ones wake up."""
    draw = rng.random(len(people)) * (DAY / length)
    is_customer = people.customer >= 0
    asleep = is_customer & ~people.is_dormant & (draw < FALL_ASLEEP)
    awake = people.is_dormant & (draw < WAKE_UP)
    people.is_dormant = (people.is_dormant | asleep) & ~awake


def draw_visits(
    rng: np.random.Generator, people: People, person: Ints, start: Ints, price: Ints, stock: Ints, first_number: int
) -> Visits:
    """What the given people do in the visits that begin at `start`."""
    count = len(person)
    start = np.maximum(start, people.busy_until[person] + MINUTE)
    identity = _identities(rng, people, person)
    has_cart = (people.cart[person] > 0) & (start - people.cart_changed_at[person] < CART_LIFETIME)
    has_cart &= (identity == KNOWN) | (people.customer[person] < 0)  # another device knows nothing of the cart
    outcome = _outcomes(rng, people, person, start, identity, has_cart)
    buys_unknown = (outcome == ORDER) & (identity == STAYS_UNKNOWN) & (people.customer[person] >= 0)
    identity[buys_unknown] = SIGN_IN
    number = first_number + np.arange(count, dtype=np.int64)
    new_count = _new_counts(rng, outcome, has_cart)
    view_count = np.clip(1 + rng.poisson(1.6, count), np.maximum(new_count, 1), MAX_VIEWS)
    visits = Visits(
        number=number,
        person=person,
        start=start,
        device=people.device[person].copy(),
        identity=identity,
        outcome=outcome,
        cart=np.where(has_cart, people.cart[person], number),
        items_before=np.zeros(count, dtype=np.int64),
        items=np.zeros(count, dtype=np.int64),
        cart_product=np.where(has_cart[:, None], people.cart_product[person], -1),
        cart_quantity=np.where(has_cart[:, None], people.cart_quantity[person], 0),
        cart_price=np.where(has_cart[:, None], people.cart_price[person], 0),
        views=draw_products(rng, people.taste[person], people.second_taste[person], MAX_VIEWS),
        view_count=view_count,
        new_item=np.full((count, MAX_NEW_ITEMS), -1, dtype=np.int64),
        new_count=new_count,
        looks_again=rng.random(count) < AGAIN_SAME_DAY,
    )
    _fill_carts(rng, visits, price, stock)
    return visits


def choose_devices(rng: np.random.Generator, people: People, visits: Visits, next_device: int) -> int:
    """Put customers whom their device does not know on another one. Returns the next free device number."""
    elsewhere = (visits.identity != KNOWN) & (people.customer[visits.person] >= 0)
    person = visits.person[elsewhere]
    spare = people.spare_device[person]
    fresh = next_device + np.arange(len(person), dtype=np.int64)
    device = np.where((spare > 0) & (rng.random(len(person)) < 0.7), spare, fresh)
    visits.device[elsewhere] = device
    signs_in = visits.identity[elsewhere] == SIGN_IN
    people.device[person] = np.where(signs_in, device, people.device[person])
    people.spare_device[person] = np.where(signs_in, 0, device)
    return next_device + len(person)


def remember_carts(people: People, visits: Visits, ended: Ints) -> None:
    """Carry the carts that stay open over to the next visit; `ended` is when each visit ended."""
    people.busy_until[visits.person] = ended
    is_customer = people.customer[visits.person] >= 0
    lost = is_customer & (visits.identity == STAYS_UNKNOWN)
    untouched = visits.outcome == BROWSE
    row = np.flatnonzero(~(lost | untouched))
    person, stays = visits.person[row], visits.items[row] > 0
    people.cart[person] = np.where(stays, visits.cart[row], 0)
    people.cart_changed_at[person] = ended[row]
    people.cart_product[person] = visits.cart_product[row]
    people.cart_quantity[person] = visits.cart_quantity[row]
    people.cart_price[person] = visits.cart_price[row]


def let_visitors_go(rng: np.random.Generator, people: People, visits: Visits) -> None:
    """Some visitors who did not sign up never come back."""
    leaves = (visits.identity == STAYS_UNKNOWN) & (people.customer[visits.person] < 0)
    leaves &= rng.random(len(visits)) < GIVE_UP_CHANCE
    people.is_gone[visits.person[leaves]] = True


def _instants(rng: np.random.Generator, people: People, person: Ints, start: int) -> Ints:
    """When each person comes within 24 hours of `start`: around the habitual hour on the person's own clock."""
    local = (people.habit[person] + rng.normal(0, 1.6, len(person))) * HOUR
    of_day = (local.astype(np.int64) - zone_offsets(start)[people.place[person]]) % DAY
    milliseconds = (of_day - start % DAY) % DAY // 1000
    return np.asarray(start + milliseconds * 1000, dtype=np.int64)


def _identities(rng: np.random.Generator, people: People, person: Ints) -> Ints:
    draw, signs = rng.random(len(person)), rng.random(len(person))
    is_customer = people.customer[person] >= 0
    elsewhere = np.where(signs < SIGN_IN_CHANCE, SIGN_IN, STAYS_UNKNOWN)
    of_customer = np.where(draw < ANONYMOUS_START, elsewhere, KNOWN)
    of_visitor = np.where(draw < SIGN_UP_CHANCE, SIGN_UP, STAYS_UNKNOWN)
    return np.where(is_customer, of_customer, of_visitor)


def _outcomes(
    rng: np.random.Generator, people: People, person: Ints, start: Ints, identity: Ints, has_cart: Bools
) -> Ints:
    draw, rest = rng.random(len(person)), rng.random(len(person))
    outcome = np.where(has_cart, _pick(rest, WITH_CART), _pick(rest, WITHOUT_CART))
    return np.where(draw < _order_chances(people, person, start, identity, has_cart), ORDER, outcome)


def _order_chances(people: People, person: Ints, start: Ints, identity: Ints, has_cart: Bools) -> Floats:
    """The chance that each visit ends in an order, with what messages add to it."""
    chance = np.where(has_cart, ORDER_CHANCE_WITH_CART, ORDER_CHANCE)
    chance = np.where(identity == SIGN_UP, ORDER_CHANCE_AT_SIGN_UP, chance) * people.buying[person]
    chance[(people.customer[person] < 0) & (identity != SIGN_UP)] = 0
    is_boosted = (start >= people.boost_from[person]) & (start < people.boost_until[person])
    return np.asarray(np.minimum(chance * np.where(is_boosted, people.boost[person], 1.0), MOST_CERTAIN))


def _pick(draw: Floats, chances: tuple[tuple[int, float], ...]) -> Ints:
    outcome = np.full(len(draw), BROWSE, dtype=np.int64)
    below = 0.0
    for choice, chance in chances:
        outcome[(draw >= below) & (draw < below + chance)] = choice
        below += chance
    return outcome


def _new_counts(rng: np.random.Generator, outcome: Ints, has_cart: Bools) -> Ints:
    several = 1 + (rng.random(len(outcome)) < 0.4) + (rng.random(len(outcome)) < 0.2)
    seldom = (rng.random(len(outcome)) < 0.2).astype(np.int64)
    with_cart = np.select([outcome == ADD, outcome == ORDER], [1, seldom], 0)
    without = np.where(outcome == BROWSE, 0, several)
    return np.where(has_cart, with_cart, without).astype(np.int64)


def _fill_carts(rng: np.random.Generator, visits: Visits, price: Ints, stock: Ints) -> None:
    """Put the last products viewed into the carts, each once, and none that is out of stock."""
    rows = np.arange(len(visits))
    replacement = substitutes(stock)
    visits.items_before = (visits.cart_product >= 0).sum(axis=1)
    visits.items = visits.items_before.copy()
    for place in range(MAX_NEW_ITEMS):
        view = visits.view_count - visits.new_count + place
        adds = (place < visits.new_count) & (visits.items < CART_SLOTS)
        product = replacement[visits.views[rows, np.minimum(view, MAX_VIEWS - 1)]]
        adds &= ~(visits.cart_product == product[:, None]).any(axis=1)
        row, slot = rows[adds], visits.items[adds]
        visits.views[row, view[adds]] = product[adds]
        visits.cart_product[row, slot] = product[adds]
        visits.cart_quantity[row, slot] = 1 + (rng.random(len(row)) < 0.15)
        visits.cart_price[row, slot] = price[product[adds]]
        visits.new_item[row, place] = slot
        visits.items[row] += 1
