"""The names of everything that may happen in the demo shop. An event's `kind` is its place in `NAMES`."""

import pyarrow as pa

NAMES = (
    "Product Viewed",
    "Product Added",
    "Product Removed",
    "Checkout Started",
    "Order Completed",
    "Signed In",
    "Signed Up",
    "Order Refunded",
    "Order Cancelled",
    "Signed Out",
    "Product List Viewed",
    "Products Searched",
    "Cart Viewed",
    "Wishlist Product Added",
    "Wishlist Product Removed",
    "Coupon Applied",
    "Order Shipped",
    "Order Delivered",
    "Product Reviewed",
    "Quote Requested",
    "Quote Declined",
    "Page Viewed",
    "Document Downloaded",
    "Trial Started",
    "Feature Used",
    "Opportunity Opened",
    "Application Opened",
    "Push Notification Tapped",
    "Email Delivered",
    "Email Opened",
    "Email Link Clicked",
    "Email Bounced",
    "Email Marked as Spam",
    "Unsubscribed",
    "Offer Redeemed",
)
EVENT_NAMES = pa.array(NAMES)
KINDS = {name: kind for kind, name in enumerate(NAMES)}

VIEWED, ADDED, REMOVED, CHECKOUT_STARTED, COMPLETED, SIGNED_IN, SIGNED_UP, REFUNDED, CANCELLED = range(9)
