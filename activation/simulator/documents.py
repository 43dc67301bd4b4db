"""The JSON texts of events, written column by column: a join of prepared pieces, never a row at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from activation.simulator.catalogue import COUPONS, CURRENCY, PRODUCTS, to_json
from activation.simulator.people import FIRST_APP_DEVICE, Bools, Ints
from activation.simulator.places import PLACES

# What a device tells of itself: its type and the library that reports from it.
DEVICE_KINDS = (
    ("desktop", "web"), ("mobile", "web"), ("tablet", "web"), ("mobile", "ios"), ("mobile", "android"),
)  # fmt: skip
WEB_KINDS = 3
CONTEXTS = pa.array(
    [
        to_json(
            {
                "device": {"type": kind},
                "library": {"name": library},
                "locale": place.locale,
                "timezone": place.zone,
            }
        )
        for place in PLACES
        for kind, library in DEVICE_KINDS
    ]
    + [to_json({"library": {"name": "server"}})]
)
HEADS = pa.array(
    [f'"category":{to_json(p.category)},"currency":"{CURRENCY}","name":{to_json(p.name)},"price":' for p in PRODUCTS]
)
LINE_HEADS = pa.array([f'{{"category":{to_json(p.category)},"name":{to_json(p.name)},"price":' for p in PRODUCTS])
IDS = pa.array([f',"product_id":"{p.product_id}"' for p in PRODUCTS])
COUPON_CODES = pa.array([to_json(code) for code, _ in COUPONS])
URLS = pa.array([f',"url":"{p.url}"}}' for p in PRODUCTS])
# An odd factor is invertible modulo a power of two: ids stay unique and look unordered.
SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)
ID_BYTES = 6
HEX = np.array([f"{value:02x}" for value in range(256)], dtype="S2")


def join(*pieces: Any) -> Any:
    """The pieces glued together, element by element; a text stands for itself in every row."""
    return pc.binary_join_element_wise(*pieces, "")


def digits(values: Ints, width: int = 0) -> Any:
    """Whole numbers as text, with leading zeros up to `width`."""
    text = pa.array(values).cast(pa.string())
    return pc.utf8_lpad(text, width=width, padding="0") if width else text


def money(pence: Ints) -> Any:
    """Amounts as Python's json would write them: 12.5, 3.0, 7.99."""
    pence = np.asarray(pence)
    text = join(digits(pence // 100), ".", digits(pence % 100, 2))
    return pc.replace_substring_regex(text, pattern="0$", replacement="")


def event_ids(first: int, count: int) -> Any:
    """Stable unique ids for the events numbered from `first`."""
    return join("evt-", scrambled(np.arange(first, first + count)))


def scrambled(numbers: Ints) -> Any:
    """Numbers as unordered hexadecimal text; different ones stay different up to 2 to the power of 48."""
    words = (numbers.astype(np.uint64) * SCRAMBLE) & np.uint64(2 ** (8 * ID_BYTES) - 1)
    parts = words.astype(">u8").view(np.uint8).reshape(len(words), 8)[:, 8 - ID_BYTES :]
    return pa.array(HEX[parts].reshape(-1).view(f"S{2 * ID_BYTES}")).cast(pa.string())


def customer_ids(numbers: Ints) -> Any:
    return join("cust-", digits(numbers, 7))


def anonymous_ids(devices: Ints) -> Any:
    return join("anon-", digits(devices, 9))


def device_kinds(device: Ints) -> Ints:
    """A device's number tells its kind, so that it has the same one for ever."""
    web = (device * 7919 >> 5) % WEB_KINDS
    return np.where(device >= FIRST_APP_DEVICE, WEB_KINDS + device % 2, web)


def contexts(place: Ints, device: Ints) -> Any:
    """What each device says of itself; device 0 is the server."""
    own = place * len(DEVICE_KINDS) + device_kinds(device)
    return CONTEXTS.take(pa.array(np.where(device == 0, len(CONTEXTS) - 1, own)))


def when(condition: Bools, text: Any) -> Any:
    """The text where the condition holds, nothing elsewhere."""
    return pc.if_else(pa.array(condition), text, "")


def viewed(product: Ints, price: Ints) -> Any:
    product = pa.array(product)
    return join("{", HEADS.take(product), money(price), IDS.take(product), "}")


def carted(cart: Ints, has_id: Bools, product: Ints, price: Ints, quantity: Ints) -> Any:
    product = pa.array(product)
    cart_id = when(has_id, join('"cart_id":"cart-', digits(cart, 8), '",'))
    ending = join(',"quantity":', digits(quantity), URLS.take(product))
    return join("{", cart_id, HEADS.take(product), money(price), IDS.take(product), ending)


def lines(product: Ints, price: Ints, quantity: Ints) -> Any:
    """One entry of `products` each."""
    product = pa.array(product)
    return join(LINE_HEADS.take(product), money(price), IDS.take(product), ',"quantity":', digits(quantity), "}")


def grouped(entries: Any, counts: Ints) -> Any:
    """The entries as JSON arrays: the first `counts[0]` of them in the first, and so on."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return join("[", pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), entries), ","), "]")


def checkout_started(checkout: Ints, cart: Ints, has_id: Bools, products: Any, value: Ints) -> Any:
    cart_id = when(has_id, join('"cart_id":"cart-', digits(cart, 8), '",'))
    return join(
        "{", cart_id, '"checkout_id":"checkout-', digits(checkout, 8), f'","currency":"{CURRENCY}","products":',
        products, ',"value":', money(value), "}",
    )  # fmt: skip


def order_completed(
    order: Ints, cart: Ints, has: tuple[Bools, Bools], products: Any, total: Ints, coupon: tuple[Ints, Ints]
) -> Any:
    """`has`: whether the order names its cart, and its checkout; `coupon`: which one it has, if any, and its worth."""
    cart_id = when(has[0], join('"cart_id":"cart-', digits(cart, 8), '",'))
    checkout_id = when(has[1], join('"checkout_id":"checkout-', digits(order, 8), '",'))
    code = when(coupon[0] >= 0, join('"coupon":', COUPON_CODES.take(pa.array(np.maximum(coupon[0], 0))), ","))
    discount = when(coupon[0] >= 0, join(',"discount":', money(coupon[1])))
    return join(
        "{", cart_id, checkout_id, code, f'"currency":"{CURRENCY}"', discount, ',"order_id":"order-',
        digits(order, 8), '","products":', products, ',"total":', money(total), "}",
    )  # fmt: skip


def coupon_applied(cart: Ints, has_id: Bools, order: Ints, coupon: Ints, discount: Ints) -> Any:
    """Told of the cart, or of the order where the cart has no id."""
    cart_id = when(has_id, join('"cart_id":"cart-', digits(cart, 8), '",'))
    order_id = when(~has_id, join(',"order_id":"order-', digits(order, 8), '"'))
    code = COUPON_CODES.take(pa.array(np.maximum(coupon, 0)))
    return join(
        "{", cart_id, '"coupon_id":', code, f',"currency":"{CURRENCY}","discount":', money(discount), order_id, "}"
    )  # fmt: skip


def quote_requested(quote: Ints, products: Any, value: Ints) -> Any:
    return join(
        f'{{"currency":"{CURRENCY}","products":', products, ',"quote_id":"quote-', digits(quote, 8), '","value":',
        money(value), "}",
    )  # fmt: skip


def quote_declined(quote: Ints) -> Any:
    return join('{"quote_id":"quote-', digits(quote, 8), '"}')


def order_refunded(order: Ints, products: Any, total: Ints) -> Any:
    """`products` is a text like `,"products":[…]`, or empty where the refund names none."""
    return join(
        f'{{"currency":"{CURRENCY}","order_id":"order-', digits(order, 8), '"', products, ',"total":', money(total), "}"
    )  # fmt: skip


def order_cancelled(order: Ints) -> Any:
    return join('{"order_id":"order-', digits(order, 8), '"}')


def repeated(text: str, count: int) -> Any:
    return pa.array([text] * count, type=pa.string())


def chained(arrays: Sequence[Any]) -> Any:
    """The arrays one after the other, as one."""
    return pa.concat_arrays([array.combine_chunks() if hasattr(array, "combine_chunks") else array for array in arrays])
