"""What the demo shop sells: products by category, with prices and stock that change."""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Made once: `json.dumps` would make one for every text.
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
CURRENCY = "GBP"
SITE = "https://shop.example"
PER_CATEGORY = 10
# Codes and what they take off, in per cent.
COUPONS = (("TEN", 10), ("HELLO5", 5), ("FRIENDS15", 15))
CATEGORIES: dict[str, tuple[str, ...]] = {
    "Coffee": ("Espresso", "House Blend", "Decaf", "Single Origin", "Cold Brew", "Ristretto", "Mocha", "Lungo",
               "Breakfast Roast", "Dark Roast"),
    "Tea": ("Earl Grey", "Assam", "Sencha", "Rooibos", "Chamomile", "Darjeeling", "Matcha", "Oolong", "Peppermint",
            "Chai"),
    "Kitchen": ("Moka Pot", "Kettle", "Grinder", "French Press", "Scale", "Milk Jug", "Teapot", "Strainer",
                "Pour-over Cone", "Canister"),
    "Tableware": ("Mug", "Espresso Cup", "Saucer", "Bowl", "Plate", "Tumbler", "Carafe", "Tray", "Sugar Bowl",
                  "Cake Stand"),
    "Garden": ("Watering Can", "Trowel", "Plant Pot", "Seed Box", "Gloves", "Lantern", "Hose", "Rake", "Bird Feeder",
               "Compost Bin"),
    "Home": ("Candle", "Blanket", "Cushion", "Vase", "Clock", "Basket", "Lamp", "Doormat", "Picture Frame", "Throw"),
    "Bath": ("Soap", "Towel", "Bath Salts", "Shampoo", "Hand Cream", "Brush", "Sponge", "Robe", "Lip Balm", "Mirror"),
    "Gifts": ("Gift Box", "Card Set", "Chocolates", "Hamper", "Voucher", "Notebook", "Pen", "Puzzle", "Ribbon",
              "Calendar"),
}  # fmt: skip
CATEGORY_NAMES = tuple(CATEGORIES)
PRODUCT_COUNT = PER_CATEGORY * len(CATEGORIES)
# Within a category the first products sell best, as they do everywhere.
POPULARITY = np.cumsum(1 / np.arange(1, PER_CATEGORY + 1) ** 0.7)
POPULARITY = POPULARITY / POPULARITY[-1]


Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Product:
    """One product: what of it never changes."""

    product_id: str
    name: str
    category: str

    @property
    def url(self) -> str:
        return f"{SITE}/products/{self.product_id}"

    @property
    def image_url(self) -> str:
        return f"{SITE}/images/{self.product_id}.jpg"

    def attributes(self, price: int, stock: int) -> str:
        """The attributes of a change row; `price` is in pence."""
        return to_json(
            {
                "category": self.category,
                "currency": CURRENCY,
                "image_url": self.image_url,
                "name": self.name,
                "price": price / 100,
                "stock": stock,
                "url": self.url,
            }
        )


PRODUCTS = tuple(
    Product(
        f"p-{place * PER_CATEGORY + rank + 1:03d}",
        name if category != "Kitchen" else f"{name} “Nº {rank + 1}”",
        category,
    )
    for place, (category, names) in enumerate(CATEGORIES.items())
    for rank, name in enumerate(names)
)


def to_json(value: object) -> str:
    """JSON as every raw table holds it: sorted keys, compact, readable letters."""
    return ENCODER.encode(value)


def draw_prices(rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """The first price of every product, in pence."""
    pounds = np.clip(rng.lognormal(2.6, 0.7, PRODUCT_COUNT), 2, 180).astype(np.int64)
    return np.asarray(pounds * 100 + rng.choice([0, 50, 90, 95, 99], PRODUCT_COUNT), dtype=np.int64)


def draw_stock(rng: np.random.Generator, count: int, customers: int) -> npt.NDArray[np.int64]:
    """A fresh delivery for each of `count` products, in step with the shop's size."""
    return np.asarray(rng.integers(10, 80, count) * max(1.0, customers / 2000), dtype=np.int64)


def draw_products(draws: Floats, taste: Ints, second: Ints) -> Ints:
    """For each person a row of products that suit the person's two tastes, one per draw from 0 to 1."""
    which, rest = _parted(draws)
    any_category, rank_draw = _parted(rest)
    anything = (any_category * len(CATEGORIES)).astype(np.int64)
    category = np.where(which < 0.6, taste[:, None], np.where(which < 0.8, second[:, None], anything))
    rank = np.searchsorted(POPULARITY, rank_draw)
    return np.asarray(category * PER_CATEGORY + np.minimum(rank, PER_CATEGORY - 1), dtype=np.int64)


def _parted(draws: Floats) -> tuple[Floats, Floats]:
    """Two draws for one: its first digits, and the others."""
    scaled = draws * 2**17
    whole = np.floor(scaled)
    return whole / 2**17, scaled - whole


def substitutes(stock: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each product the one that is bought in its place: itself, or the next in its category that is in stock."""
    ranks = np.arange(PRODUCT_COUNT)
    chosen = ranks.copy()
    for step in range(1, PER_CATEGORY):
        other = ranks // PER_CATEGORY * PER_CATEGORY + (ranks + step) % PER_CATEGORY
        missing = stock[chosen] <= 0
        chosen[missing] = other[missing]
    return chosen
