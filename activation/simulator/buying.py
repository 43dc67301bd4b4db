"""What visitors do with their carts: add, look, take out, ask for a price, pay."""

from typing import Any

import numpy as np

from activation.simulator import documents
from activation.simulator.browsing import AFTER_VIEW, STEP
from activation.simulator.catalogue import COUPONS
from activation.simulator.chances import Chances
from activation.simulator.happenings import Happenings, happen, some
from activation.simulator.people import CART_SLOTS, Ints, People
from activation.simulator.scenario import Scenario
from activation.simulator.visits import (
    CHECKOUT,
    EMPTY,
    HUNTER,
    ORDER,
    QUOTE,
    REMOVE,
    Visits,
)
from activation.simulator.vocabulary import ADDED, CHECKOUT_STARTED, COMPLETED, KINDS, REMOVED

CART_PLACE, REMOVAL_PLACE, CHECKOUT_PLACE, COUPON_PLACE, QUOTE_PLACE, ORDER_PLACE = 800, 1000, 2000, 2500, 2800, 3000

LOOKS_INTO_CART, LOOKS_WITHOUT_AIM = 0.85, 0.20
SKIPS_CHECKOUT = 0.1
USES_COUPON, HUNTER_USES_COUPON, USES_COUPON_IN_SALE = 0.05, 0.35, 0.5


def carts(chances: Chances, people: People, visits: Visits) -> list[Happenings]:
    """What goes into the carts, what is looked at in them and what comes out. The carts of `visits` follow."""
    return [_additions(people, visits), _looks(chances, people, visits), _removals(people, visits)]


def _additions(people: People, visits: Visits) -> Happenings:
    visit, place = np.nonzero(visits.new_item >= 0)
    slot = visits.new_item[visit, place]
    view = visits.view_count[visit] - visits.new_count[visit] + place
    return happen(ADDED, visit, (view + 1) * STEP + AFTER_VIEW, _cart_texts(people, visits, visit, slot))


def _looks(chances: Chances, people: People, visits: Visits) -> Happenings:
    draw = chances.uniform("the cart", visits.person)
    has_aim = np.isin(visits.outcome, (CHECKOUT, ORDER, EMPTY, REMOVE, QUOTE)) & (visits.items > 0)
    looks = np.where(has_aim, draw < LOOKS_INTO_CART, visits.had_cart & (draw < LOOKS_WITHOUT_AIM))
    visit = np.flatnonzero(looks & people.has_cart_ids[visits.person])
    text = documents.join('{"cart_id":"cart-', documents.digits(visits.cart[visit], 8), '"}')
    return happen(KINDS["Cart Viewed"], visit, CART_PLACE, text)


def _removals(people: People, visits: Visits) -> Happenings:
    """Emptied carts lose every item, others the one added last."""
    slots = np.arange(CART_SLOTS)[None, :]
    filled = slots < visits.items[:, None]
    goes = filled & (visits.outcome == EMPTY)[:, None]
    goes |= filled & (visits.outcome == REMOVE)[:, None] & (slots == visits.items[:, None] - 1)
    visit, slot = np.nonzero(goes)
    text = _cart_texts(people, visits, visit, slot)
    bought = filled & (visits.outcome == ORDER)[:, None]
    visits.cart_product[goes | bought] = -1
    visits.cart_quantity[goes | bought] = 0
    visits.items = (visits.cart_product >= 0).sum(axis=1)
    return happen(REMOVED, visit, REMOVAL_PLACE + slot, text)


def _cart_texts(people: People, visits: Visits, visit: Ints, slot: Ints) -> Any:
    return documents.carted(
        visits.cart[visit],
        people.has_cart_ids[visits.person[visit]],
        visits.cart_product[visit, slot],
        visits.cart_price[visit, slot],
        visits.cart_quantity[visit, slot],
    )


def checkouts(chances: Chances, people: People, visits: Visits, scenario: Scenario, totals: Ints) -> list[Happenings]:
    """The checkouts, coupons, quotes and orders, with the whole cart as it stood; writes what was paid to `totals`."""
    visit = np.flatnonzero(np.isin(visits.outcome, (CHECKOUT, ORDER, QUOTE)) & (visits.items > 0))
    person, cart, number = visits.person[visit], visits.cart[visit], visits.number[visit]
    filled = visits.cart_product[visit] >= 0
    product, quantity = visits.cart_product[visit], visits.cart_quantity[visit]
    price = visits.cart_price[visit]
    entries = documents.lines(product[filled], price[filled], quantity[filled])
    texts = documents.grouped(entries, filled.sum(axis=1))
    value = (quantity.astype(np.int64) * price * filled).sum(axis=1)
    has_cart_id = people.has_cart_ids[person]
    outcome = visits.outcome[visit]
    is_order, is_quote = outcome == ORDER, outcome == QUOTE
    has_checkout = (outcome == CHECKOUT) | is_order & (chances.uniform("the checkout", person) >= SKIPS_CHECKOUT)
    coupon = _coupons(chances, people, visits, visit, scenario)
    discount = value * np.array([0, *(share for _, share in COUPONS)])[coupon + 1] // 100
    totals[visit] = value - discount
    started = documents.checkout_started(number, cart, has_cart_id, texts, value)
    completed = documents.order_completed(
        number, cart, (has_cart_id, has_checkout), texts, value - discount, (coupon, discount)
    )
    applied = documents.coupon_applied(cart, has_cart_id, number, coupon, discount)
    return [
        some(CHECKOUT_STARTED, CHECKOUT_PLACE, visit, started, has_checkout),
        some(KINDS["Coupon Applied"], COUPON_PLACE, visit, applied, is_order & (coupon >= 0)),
        some(KINDS["Quote Requested"], QUOTE_PLACE, visit, documents.quote_requested(number, texts, value), is_quote),
        some(COMPLETED, ORDER_PLACE, visit, completed, is_order),
    ]


def _coupons(chances: Chances, people: People, visits: Visits, visit: Ints, scenario: Scenario) -> Ints:
    """Which coupon each visitor has, -1 for none."""
    person = visits.person[visit]
    likely = np.where(people.sensitivity[person] >= HUNTER, HUNTER_USES_COUPON, USES_COUPON)
    if len(visit) and scenario.is_sale(int(visits.start[visit].min())):
        likely = np.maximum(likely, USES_COUPON_IN_SALE)
    has_one = (chances.uniform("a coupon", person) < likely) & (visits.outcome[visit] == ORDER)
    return np.where(has_one, chances.between("which coupon", 0, len(COUPONS), person), -1)
