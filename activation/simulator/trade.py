"""The shop's own doings: what is sold leaves the stock, deliveries come, prices change, offers come and go."""

import numpy as np

from activation.simulator import registry
from activation.simulator.catalogue import PRODUCT_COUNT, draw_stock
from activation.simulator.people import DAY, Bools, Floats
from activation.simulator.registry import Changes
from activation.simulator.scenario import SALE_CUT, SALE_SHARE
from activation.simulator.sectors import Orders
from activation.simulator.state import State

# Per product and day.
NEW_PRICES, OFFERS, OFFER_ENDS, STOCK_COUNTS, RESTOCKS = 0.004, 0.012, 0.15, 0.1, 0.25
OFFER_CUTS = (0.75, 0.85, 0.9)
PRICE_STEPS = (0.95, 1.05, 1.1)
CHEAPEST = 100  # pence


def trade(rng: np.random.Generator, state: State, orders: Orders, until: int, changes: Changes) -> None:
    """Take what was sold from the stock, restock, and set the prices for the next stretch."""
    filled = orders.product >= 0
    sold = np.bincount(orders.product[filled], weights=orders.quantity[filled], minlength=PRODUCT_COUNT)
    before, price_before = state.stock, state.price
    stock = np.maximum(before - sold.astype(np.int64), 0)
    draws = rng.random((6, PRODUCT_COUNT)) / np.array([[(until - state.instant) / DAY]] * 5 + [[1.0]])
    fresh = draw_stock(rng, PRODUCT_COUNT, state.customers)
    restocked = (stock == 0) & (draws[0] < RESTOCKS)
    state.stock = np.where(restocked, fresh, stock)
    _set_prices(rng, state, draws, until)
    moved = state.price != price_before
    told = moved | restocked | ((stock == 0) & (before > 0)) | ((draws[1] < STOCK_COUNTS) & (stock != before))
    _tell(state, told, until, changes)


def _set_prices(rng: np.random.Generator, state: State, draws: Floats, until: int) -> None:
    """Usual prices move seldom; offers lower the price for some days; in a sale most products are an offer."""
    steps, cuts = rng.choice(PRICE_STEPS, PRODUCT_COUNT), rng.choice(OFFER_CUTS, PRODUCT_COUNT)
    usual = np.where(draws[2] < NEW_PRICES, np.maximum((state.usual_price * steps).astype(np.int64), CHEAPEST),
                     state.usual_price)  # fmt: skip
    is_offer = state.price < state.usual_price
    stays = is_offer & (draws[3] >= OFFER_ENDS) & (usual == state.usual_price)
    begins = ~is_offer & (draws[4] < OFFERS)
    offer = np.maximum((usual * cuts).astype(np.int64), CHEAPEST)
    price = np.where(stays, state.price, np.where(begins, offer, usual))
    if state.scenario.is_sale(until):
        in_sale = np.arange(PRODUCT_COUNT) % 10 < 10 * SALE_SHARE
        price = np.where(in_sale, np.minimum(price, np.maximum((usual * SALE_CUT).astype(np.int64), CHEAPEST)), price)
    elif state.scenario.is_sale(state.instant):
        price = usual
    state.usual_price, state.price = usual, price


def _tell(state: State, told: Bools, until: int, changes: Changes) -> None:
    """Write down what changed; on a day without a feed it is written the day after, as it stands then."""
    told = told | state.untold
    state.untold = told if state.scenario.is_silent(state.instant) else np.zeros(PRODUCT_COUNT, dtype=np.bool_)
    registry.record_products(np.flatnonzero(told & ~state.untold), state.price, state.stock, until, changes)
