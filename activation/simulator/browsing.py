"""What visitors do before they buy anything: lists, searches, products, pages to read, wish lists."""

import re
from typing import Any

import numpy as np
import pyarrow as pa

from activation.simulator import documents
from activation.simulator.catalogue import CATEGORY_NAMES, PER_CATEGORY, PRODUCT_COUNT, PRODUCTS, SITE, to_json
from activation.simulator.chances import Chances
from activation.simulator.happenings import Happenings, happen
from activation.simulator.people import FIRST_APP_DEVICE, WISH_SLOTS, Bools, Ints, People
from activation.simulator.visits import MAX_VIEWS, ORDER, STAYS_UNKNOWN, Visits
from activation.simulator.vocabulary import KINDS, VIEWED

# Places in a visit: views at 10, 20, …; what leads to a view just before it, what belongs to it just after it.
STEP, BEFORE_VIEW, AFTER_VIEW, WISH_OFFSET = 10, -3, 2, 3
OPENING_PLACE, PAGE_PLACE, AGAIN_PLACE = 1, 500, 5000
UNWISH_PLACE = 3500

FROM_LIST, FROM_SEARCH = 0.22, 0.12  # of views follow a list of products, or a search
FINDS_NOTHING = 0.04  # of searches
READS, READS_ON = 0.18, 0.3  # of visits read a page, and of those another one
MEAN_SECONDS = 55.0
WISHES, UNWISHES = 0.07, 0.02  # of visits
QUERIES = pa.array([to_json(re.sub(r"\W+", " ", product.name.lower()).strip()) for product in PRODUCTS])
UNKNOWN_QUERIES = pa.array([to_json(query) for query in ("tee pot", "gift for dad", "espreso", "voucher code", "xl")])
LISTS = pa.array([f'"category":{to_json(name)},"list_id":"list-{name.lower()}"' for name in CATEGORY_NAMES])
PAGES = pa.array(
    [
        f'{{"category":{to_json(category)},"seconds":SECONDS,"title":{to_json(title)},"url":"{SITE}/guides/{slug}"}}'
        for category, title, slug in (
            ("Coffee", "How to brew with a moka pot", "moka-pot"),
            ("Coffee", "Beans: from light to dark", "beans"),
            ("Tea", "Green, white, black: tea and its times", "tea-times"),
            ("Kitchen", "Caring for cast iron", "cast-iron"),
            ("Garden", "What to sow in which month", "sowing"),
            ("Home", "Candles that burn evenly", "candles"),
            ("Gifts", "Gifts for people who have everything", "gifts"),
            ("Help", "Delivery and returns", "delivery"),
        )
    ]
)
APPS = pa.array(
    [f'{{"platform":"{platform}","version":"{version}"}}' for platform in ("ios", "android")
     for version in ("3.4.0", "3.4.1", "3.5.0")]
)  # fmt: skip


def browse(chances: Chances, people: People, visits: Visits, price: Ints) -> list[Happenings]:
    """Everything that is looked at. People's wish lists follow."""
    texts = documents.viewed(np.arange(PRODUCT_COUNT), price)
    seen = np.arange(MAX_VIEWS)[None, :] < visits.view_count[:, None]
    visit, view = np.nonzero(seen)
    product = visits.views[visit, view]
    return [
        _opening(chances, people, visits),
        _ways(chances, visits, visit, view, product),
        happen(VIEWED, visit, (view + 1) * STEP, texts.take(pa.array(product))),
        _looks_again(chances, visits, texts),
        _reading(chances, visits),
        *_wishes(chances, people, visits, texts),
    ]


def _opening(chances: Chances, people: People, visits: Visits) -> Happenings:
    """A visit in the app begins with its opening."""
    visit = np.flatnonzero(visits.device >= FIRST_APP_DEVICE)
    platform = visits.device[visit] % 2
    version = chances.between("the version", 0, 3, people.app_device[visits.person[visit]])
    return happen(KINDS["Application Opened"], visit, OPENING_PLACE, APPS.take(pa.array(platform * 3 + version)))


def _ways(chances: Chances, visits: Visits, visit: Ints, view: Ints, product: Ints) -> Happenings:
    """The lists and searches through which products are found."""
    draw = chances.uniform("the way", visits.person[visit], view)
    comes = draw < FROM_LIST + FROM_SEARCH
    visit, view, product, draw = visit[comes], view[comes], product[comes], draw[comes]
    is_search = draw >= FROM_LIST
    lists = documents.join("{", LISTS.take(pa.array(product // PER_CATEGORY)), "}")
    fails = draw >= FROM_LIST + FROM_SEARCH * (1 - FINDS_NOTHING)
    rank = (draw * 2**20).astype(np.int64)
    query = pa.compute.if_else(
        pa.array(fails), UNKNOWN_QUERIES.take(pa.array(rank % len(UNKNOWN_QUERIES))), QUERIES.take(pa.array(product))
    )
    count = np.where(fails, 0, 1 + rank % 24)
    searches = documents.join('{"query":', query, ',"result_count":', documents.digits(count), "}")
    kind = np.where(is_search, KINDS["Products Searched"], KINDS["Product List Viewed"])
    text = pa.compute.if_else(pa.array(is_search), searches, lists)
    return happen(kind, visit, (view + 1) * STEP + BEFORE_VIEW, text)


def _looks_again(chances: Chances, visits: Visits, texts: Any) -> Happenings:
    """Another look hours later, mostly at the product looked at first."""
    count = np.where(visits.looks_again, chances.between("looks", 1, 4, visits.person), 0)
    visit = np.repeat(np.arange(len(visits)), count)
    place = np.arange(len(visit)) - np.repeat(np.cumsum(count) - count, count)
    product = visits.views[visit, np.minimum(place, visits.view_count[visit] - 1)]
    return happen(VIEWED, visit, AGAIN_PLACE + place * STEP, texts.take(pa.array(product)))


def _reading(chances: Chances, visits: Visits) -> Happenings:
    draw = chances.uniform("reading", visits.person)
    count = (draw < READS).astype(np.int64) + (draw < READS * READS_ON)
    visit = np.repeat(np.arange(len(visits)), count)
    place = np.arange(len(visit)) - np.repeat(np.cumsum(count) - count, count)
    person = visits.person[visit]
    page = PAGES.take(pa.array(chances.between("the page", 0, len(PAGES), person, place)))
    seconds = 3 + chances.exponential("the seconds", MEAN_SECONDS, person, place).astype(np.int64)
    return happen(KINDS["Page Viewed"], visit, PAGE_PLACE + place, _with_seconds(page, seconds))


def _with_seconds(page: Any, seconds: Ints) -> Any:
    halves = pa.compute.split_pattern(page, "SECONDS")
    return documents.join(
        pa.compute.list_element(halves, 0), documents.digits(seconds), pa.compute.list_element(halves, 1)
    )


def _wishes(chances: Chances, people: People, visits: Visits, texts: Any) -> list[Happenings]:
    """What is put on the wish list, and what is taken off again: because it was bought, or for no reason."""
    wished = people.wish_product[visits.person]
    draw = chances.uniform("wishing", visits.person)
    bought = (visits.outcome == ORDER)[:, None] & _is_among(wished, visits.cart_product)
    unwished = bought | ((draw >= 1 - UNWISHES)[:, None] & (np.arange(WISH_SLOTS) == 0)[None, :])
    unwished &= (wished >= 0) & (visits.identity != STAYS_UNKNOWN)[:, None]
    gone, slot = np.nonzero(unwished)
    removed = _wish_texts(visits, gone, texts.take(pa.array(wished[gone, slot])))
    wished[unwished] = -1
    product = visits.views[:, 0]
    free = np.argmax(wished < 0, axis=1)
    adds = (draw < WISHES) & (wished < 0).any(axis=1) & ~(wished == product[:, None]).any(axis=1)
    row = np.flatnonzero(adds)
    wished[row, free[row]] = product[row]
    people.wish_product[visits.person] = wished
    added = _wish_texts(visits, row, texts.take(pa.array(product[row])))
    return [
        happen(KINDS["Wishlist Product Added"], row, STEP + WISH_OFFSET, added),
        happen(KINDS["Wishlist Product Removed"], gone, UNWISH_PLACE + slot, removed),
    ]


def _is_among(products: Ints, cart: Ints) -> Bools:
    return np.asarray((products[:, :, None] == cart[:, None, :]).any(axis=2))


def _wish_texts(visits: Visits, visit: Ints, products: Any) -> Any:
    wish_list = documents.join(',"wishlist_id":"wish-', documents.digits(visits.person[visit], 7), '"}')
    return documents.join(pa.compute.utf8_rtrim(products, "}"), wish_list)
