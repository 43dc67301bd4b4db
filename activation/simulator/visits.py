"""What becomes of each visit: on which device, known or not, what is looked at, put into the cart, bought."""

import math
from dataclasses import dataclass

import numpy as np

from activation.simulator.arrivals import is_due, is_in_season
from activation.simulator.catalogue import draw_products, substitutes
from activation.simulator.chances import Chances
from activation.simulator.people import CART_SLOTS, DAY, MINUTE, Bools, Floats, Ints, People

BROWSE, ADD, CHECKOUT, ORDER, EMPTY, REMOVE, QUOTE = range(7)
KNOWN, SIGN_IN, SIGN_UP, STAYS_UNKNOWN = range(4)
MAX_VIEWS = 8
MAX_NEW_ITEMS = 3
CART_LIFETIME = 7 * DAY

ANONYMOUS_START = 0.12  # of customers' visits begin on a device that does not know them
SHARED_START = 0.50  # of the visits of those who share a device
SIGN_IN_CHANCE = 0.5  # of those sign in although they do not buy
SIGN_UP_CHANCE = 0.30  # per visit of a visitor
GIVE_UP_CHANCE = 0.40  # per visit of a visitor that does not sign up
AGAIN_SAME_DAY = 0.15  # of visits are followed by another look, hours later
ON_SECOND_DEVICE, IN_APP = 0.30, 0.50  # of the visits of those who have one and are known
SPARE_AGAIN = 0.7  # of visits elsewhere are on the device that was used the last time
SIGNS_OUT, SIGNS_OUT_SHARED = 0.15, 0.70  # of those who signed in, on a device of their own and on another's

ORDER_CHANCE = 0.115
ORDER_CHANCE_WITH_CART = 0.22
ORDER_CHANCE_AT_SIGN_UP = 0.20
ORDER_CHANCE_WHEN_DUE = 0.70  # of the staple that has run out
MOST_CERTAIN = 0.95  # no visit is surer than this to end in an order
# How far the price of what is looked at first moves that chance, at most; and who looks at little but offers.
CHEAPEST, DEAREST, HUNTER, HUNTER_AT_FULL_PRICE = 4.0, 0.25, 3.0, 0.6
OFFER, OFFER_FIRST = 0.95, 0.5  # a price below this share of the usual one; how often it is what hunters look at first
TWO_OF_IT = 0.15
# How many views more than one: a Poisson number of this mean.
MEAN_VIEWS = 1.6
LOOKS = np.cumsum([np.exp(-MEAN_VIEWS) * MEAN_VIEWS**count / math.factorial(count) for count in range(MAX_VIEWS)])
# The rest of the visits, by what becomes of the cart: without and with an open one, and when buying for a business.
WITHOUT_CART = ((ADD, 0.10), (CHECKOUT, 0.035), (EMPTY, 0.02), (QUOTE, 0.004))
WITH_CART = ((ADD, 0.10), (CHECKOUT, 0.05), (EMPTY, 0.08), (REMOVE, 0.05), (QUOTE, 0.01))
FOR_BUSINESS = ((ADD, 0.10), (CHECKOUT, 0.03), (EMPTY, 0.02), (QUOTE, 0.12))


@dataclass
class Visits:
    """One element per visit. `cart_*` is the cart as it stands after all that was added."""

    number: Ints
    person: Ints
    start: Ints
    device: Ints
    identity: Ints
    outcome: Ints
    is_caused: Bools  # it ends in an order, and without the messages would not
    is_influenced: Bools  # it begins while a message works
    had_cart: Bools
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
    signs_out: Bools

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the shop offers in a stretch: prices in pence, what they usually are, and how much there is."""

    price: Ints
    usual_price: Ints
    stock: Ints


def draw_visits(
    chances: Chances, people: People, person: Ints, start: Ints, end: int, shelf: Shelf, first_number: int
) -> Visits:
    """What the given people do in the visits that begin at `start`, before `end`."""
    count, none = len(person), np.zeros(len(person), dtype=np.int64)
    start = np.maximum(start, people.busy_until[person] + MINUTE)
    due = is_due(people, end)[person]
    identity = _identities(chances, people, person, due)
    has_cart = (people.cart[person] > 0) & (start - people.cart_changed_at[person] < CART_LIFETIME)
    has_cart &= (identity == KNOWN) | (people.customer[person] < 0)  # another device knows nothing of the cart
    number = first_number + np.arange(count, dtype=np.int64)
    visits = Visits(
        number=number,
        person=person,
        start=start,
        device=people.device[person].copy(),
        identity=identity,
        outcome=none.copy(),
        is_caused=none.astype(np.bool_),
        is_influenced=(start >= people.boost_from[person]) & (start < people.boost_until[person]),
        had_cart=has_cart,
        cart=np.where(has_cart, people.cart[person], number),
        items_before=none.copy(),
        items=none.copy(),
        cart_product=np.where(has_cart[:, None], people.cart_product[person], -1),
        cart_quantity=np.where(has_cart[:, None], people.cart_quantity[person], 0),
        cart_price=np.where(has_cart[:, None], people.cart_price[person], 0),
        views=_views(chances, people, person, start, shelf),
        view_count=none.copy(),
        new_item=np.full((count, MAX_NEW_ITEMS), -1, dtype=np.int64),
        new_count=none.copy(),
        looks_again=chances.uniform("another look", person) < AGAIN_SAME_DAY,
        signs_out=none.astype(np.bool_),
    )
    _decide(chances, people, visits, due, shelf)
    _look_and_choose(chances, people, visits, due & (visits.outcome == ORDER))
    _fill_carts(chances, visits, shelf)
    return visits


def choose_devices(chances: Chances, people: People, visits: Visits, next_device: int) -> int:
    """Put people on one of their devices, and customers whom their device does not know on another one.

    Returns the next free device number.
    """
    person = visits.person
    draw = chances.uniform("the device", person)
    known = (visits.identity == KNOWN) & (people.customer[person] >= 0)
    in_app = known & (people.app_device[person] > 0) & (draw < IN_APP)
    on_second = known & ~in_app & (people.second_device[person] > 0) & (draw >= 1 - ON_SECOND_DEVICE)
    visits.device = np.where(in_app, people.app_device[person], visits.device)
    visits.device = np.where(on_second, people.second_device[person], visits.device)
    elsewhere = (visits.identity != KNOWN) & (people.customer[person] >= 0) & (visits.identity != SIGN_UP)
    return _move_elsewhere(chances, people, visits, np.flatnonzero(elsewhere), next_device)


def _move_elsewhere(chances: Chances, people: People, visits: Visits, rows: Ints, next_device: int) -> int:
    """A device that somebody signs in on becomes theirs, unless they sign out again."""
    person = visits.person[rows]
    spare = people.spare_device[person]
    fresh = next_device + np.arange(len(rows), dtype=np.int64)
    device = np.where((spare > 0) & (chances.uniform("the spare device", person) < SPARE_AGAIN), spare, fresh)
    visits.device[rows] = device
    signs_in = visits.identity[rows] == SIGN_IN
    careful = np.where(people.shares_device[person] & (device == spare), SIGNS_OUT_SHARED, SIGNS_OUT)
    visits.signs_out[rows] = signs_in & (chances.uniform("signing out", person) < careful)
    stays = signs_in & ~visits.signs_out[rows]
    people.second_device[person] = np.where(stays, people.device[person], people.second_device[person])
    people.device[person] = np.where(stays, device, people.device[person])
    people.spare_device[person] = np.where(stays, 0, device)
    people.shares_device[person] &= ~stays & (device == spare)
    return next_device + len(rows)


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


def let_visitors_go(chances: Chances, people: People, visits: Visits) -> None:
    """Some visitors who did not sign up never come back."""
    leaves = (visits.identity == STAYS_UNKNOWN) & (people.customer[visits.person] < 0)
    leaves &= chances.uniform("giving up", visits.person) < GIVE_UP_CHANCE
    people.is_gone[visits.person[leaves]] = True


def _identities(chances: Chances, people: People, person: Ints, due: Bools) -> Ints:
    draw = chances.uniform("being known", person)
    signs_in = chances.uniform("signing in", person) < SIGN_IN_CHANCE
    anonymous = np.where(people.shares_device[person], SHARED_START, ANONYMOUS_START)
    elsewhere = np.where(signs_in, SIGN_IN, STAYS_UNKNOWN)
    of_customer = np.where((draw < anonymous) & ~due, elsewhere, KNOWN)
    of_visitor = np.where(draw < SIGN_UP_CHANCE, SIGN_UP, STAYS_UNKNOWN)
    return np.where(people.customer[person] >= 0, of_customer, of_visitor)


def _views(chances: Chances, people: People, person: Ints, start: Ints, shelf: Shelf) -> Ints:
    """What each visitor looks at, by taste; who looks for offers begins with one, where there is any."""
    in_season = is_in_season(people, int(start.min(initial=0)))[person] if len(person) else np.zeros(0, dtype=np.bool_)
    first = np.where(in_season, people.season_taste[person], people.taste[person])
    draws = chances.uniform("the views", person[:, None], np.arange(MAX_VIEWS)[None, :])
    views = draw_products(draws, first, people.second_taste[person])
    offers = np.flatnonzero(shelf.price < shelf.usual_price * OFFER)
    if len(offers):
        hunts = (people.sensitivity[person] >= HUNTER) & (chances.uniform("an offer", person) < OFFER_FIRST)
        offer = offers[chances.between("which offer", 0, len(offers), person)]
        views[:, 0] = np.where(hunts, offer, views[:, 0])
    return views


def _decide(chances: Chances, people: People, visits: Visits, due: Bools, shelf: Shelf) -> None:
    """What becomes of the visits, and which of the orders the messages made."""
    person = visits.person
    chance = _order_chances(people, visits, due)
    chance *= _price_factors(people, visits, due, shelf)
    boost = np.where(visits.is_influenced, people.boost[person], 1.0)
    draw = chances.uniform("an order", person)
    orders = draw < np.minimum(chance * boost, MOST_CERTAIN)
    visits.outcome = np.where(orders, ORDER, _other_outcomes(chances, people, visits))
    visits.is_caused = orders & (draw >= np.minimum(chance, MOST_CERTAIN))
    buys_unknown = orders & (visits.identity == STAYS_UNKNOWN) & (people.customer[person] >= 0)
    visits.identity[buys_unknown] = SIGN_IN


def _order_chances(people: People, visits: Visits, due: Bools) -> Floats:
    """The chance that each visit ends in an order, before prices and messages."""
    person = visits.person
    chance = np.where(visits.had_cart, ORDER_CHANCE_WITH_CART, ORDER_CHANCE)
    chance = np.where(visits.identity == SIGN_UP, ORDER_CHANCE_AT_SIGN_UP, chance) * people.buying[person]
    chance = np.where(due, ORDER_CHANCE_WHEN_DUE, chance)
    chance[(people.customer[person] < 0) & (visits.identity != SIGN_UP)] = 0
    return np.asarray(chance)


def _price_factors(people: People, visits: Visits, due: Bools, shelf: Shelf) -> Floats:
    """What the price of the product in mind, compared with the usual one, does to the chance of an order."""
    person = visits.person
    product = np.where(visits.had_cart, visits.cart_product[:, 0], visits.views[:, 0])
    product = np.where(due, people.staple[person], product)
    cheapness = shelf.usual_price[product] / shelf.price[product]
    factor = np.clip(cheapness ** people.sensitivity[person], DEAREST, CHEAPEST)
    waits = (people.sensitivity[person] >= HUNTER) & (cheapness < 1 / OFFER) & ~due
    return np.asarray(np.where(waits, HUNTER_AT_FULL_PRICE * factor, factor))


def _other_outcomes(chances: Chances, people: People, visits: Visits) -> Ints:
    draw = chances.uniform("the outcome", visits.person)
    outcome = np.where(visits.had_cart, _pick(draw, WITH_CART), _pick(draw, WITHOUT_CART))
    return np.where(people.account[visits.person] > 0, _pick(draw, FOR_BUSINESS), outcome)


def _pick(draw: Floats, choices: tuple[tuple[int, float], ...]) -> Ints:
    """The outcome on whose share of the chances each draw falls; none of them is browsing."""
    bounds = np.cumsum([chance for _, chance in choices])
    outcomes = np.array([*(outcome for outcome, _ in choices), BROWSE])
    return np.asarray(outcomes[np.searchsorted(bounds, draw, side="right")])


def _look_and_choose(chances: Chances, people: People, visits: Visits, refills: Bools) -> None:
    """How much is looked at, and how much of it is meant for the cart: the last ones looked at."""
    draw = chances.uniform("the items", visits.person)
    several = 1 + (draw < 0.4) + (draw < 0.08)
    seldom = (draw < 0.2).astype(np.int64)
    outcome = visits.outcome
    with_cart = np.select([outcome == ADD, outcome == ORDER], [1, seldom], 0)
    without = np.where(outcome == BROWSE, 0, several)
    count = np.where(visits.had_cart, with_cart, without)
    visits.new_count = np.where(refills, np.maximum(count, 1), count).astype(np.int64)
    looks = 1 + np.searchsorted(LOOKS, chances.uniform("how many views", visits.person), side="right")
    visits.view_count = np.clip(looks, np.maximum(visits.new_count, 1), MAX_VIEWS)
    row = np.flatnonzero(refills)
    visits.views[row, visits.view_count[row] - visits.new_count[row]] = people.staple[visits.person[row]]


def _fill_carts(chances: Chances, visits: Visits, shelf: Shelf) -> None:
    """Put the last products viewed into the carts, each once, and none that is out of stock."""
    rows = np.arange(len(visits))
    replacement = substitutes(shelf.stock)
    visits.items_before = (visits.cart_product >= 0).sum(axis=1)
    visits.items = visits.items_before.copy()
    quantity = 1 + (chances.uniform("the quantity", visits.person) < TWO_OF_IT)
    for place in range(MAX_NEW_ITEMS):
        view = visits.view_count - visits.new_count + place
        adds = (place < visits.new_count) & (visits.items < CART_SLOTS)
        product = replacement[visits.views[rows, np.minimum(view, MAX_VIEWS - 1)]]
        adds &= ~(visits.cart_product == product[:, None]).any(axis=1)
        row, slot = rows[adds], visits.items[adds]
        visits.views[row, view[adds]] = product[adds]
        visits.cart_product[row, slot] = product[adds]
        visits.cart_quantity[row, slot] = quantity[row]
        visits.cart_price[row, slot] = shelf.price[product[adds]]
        visits.new_item[row, place] = slot
        visits.items[row] += 1
