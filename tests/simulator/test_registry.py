"""The records: customers, contact points, consents, products."""

from zoneinfo import ZoneInfo

import pandas as pd

from activation.simulator.catalogue import PRODUCT_COUNT
from activation.simulator.names import AWKWARD, full_name


def test_customers_come_from_everywhere(sample):
    """Six languages, many zones, some unknown, birthdays given and not."""
    customers = sample.changes("customers")
    assert {locale.partition("-")[0] for locale in customers["locale"]} == {"en", "de", "fr", "nl", "es", "it"}
    zones = set(customers["timezone"].dropna())
    assert len({ZoneInfo(zone) for zone in zones}) >= 12
    assert customers["timezone"].isna().any()
    assert 0.2 < customers["birth_date"].isna().mean() < 0.5


def test_some_names_are_awkward():
    """Among many people: no name, a very long one, one from right to left."""
    names = [full_name(seed * 7_654_321, "en") for seed in range(5000)]
    firsts = [first for first, _ in names]
    assert None in firsts
    assert "" in firsts
    assert max(len(first or "") for first in firsts) > 100
    assert any(first and "\u0590" <= first[0] <= "\u06ff" for first in firsts)
    share = sum(name in AWKWARD for name in names) / len(names)
    assert 0.005 < share < 0.03


def test_addresses_are_reserved_and_some_are_shared(sample):
    """Every address is below .example; households share one; a few customers have none."""
    points = sample.changes("contact_points").drop_duplicates("id")
    addresses = points["address"].str.lower()
    assert addresses.str.endswith(".example").all()
    assert addresses.duplicated().any()
    customers = set(sample.changes("customers")["id"])
    assert set(points["customer_id"]) < customers
    assert 0.9 < len(points) / len(customers) < 0.99


def test_consents_have_a_history(sample):
    """Granted, then confirmed or not, withdrawn later by some; each for a contact point that exists."""
    consents = sample.changes("consents").drop_duplicates(["id", "changed_at"]).sort_values(["id", "changed_at"])
    assert set(consents["contact_point_id"]) < set(sample.changes("contact_points")["id"])
    assert (consents["id"] == consents["contact_point_id"] + ":email:marketing:default").all()
    paths = consents.groupby("id").apply(
        lambda rows: tuple(zip(rows["status"], rows["is_confirmed"], strict=True)), include_groups=False
    )
    assert {(("granted", False),), (("granted", False), ("granted", True))} <= set(paths)
    assert any(path[-1] == ("withdrawn", False) for path in paths)


def test_products_change(sample):
    """Every product has a first record, some a later price, some sell out and come back."""
    products = sample.changes("products").sort_values(["id", "changed_at"])
    assert products["id"].nunique() == PRODUCT_COUNT
    assert (products.groupby("id")["price"].nunique() > 1).any()
    assert (products["stock"] == 0).any()
    assert (products["stock"] >= 0).all()
    assert set(products["currency"]) == {"GBP"}
    assert products["url"].str.startswith("https://shop.example/products/p-").all()


def test_change_rows_come_again(sample):
    """A repeated row of change is the same in every column."""
    for table in ("customers", "consents"):
        rows = sample.changes(table).drop(columns="file")
        assert 0.003 < rows.duplicated().mean() < 0.05


def test_records_are_known_when_they_change(sample):
    """No row of change is later than the file that holds it."""
    for table in ("customers", "contact_points", "consents", "products"):
        rows = sample.changes(table)
        assert (rows["changed_at"] <= pd.to_datetime(rows["file"], format="%Y-%m-%dT%H-%M-%S")).all()
