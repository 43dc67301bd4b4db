"""The records: customers, contact points, consents, products."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import phonenumbers
import pytest

from activation.simulator.catalogue import PRODUCT_COUNT
from activation.simulator.names import FIRST, NAMES, first_names
from activation.simulator.places import PLACES


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
    seeds = np.arange(5000) * 7_654_321
    firsts = [FIRST.texts[place] for place in first_names(seeds, np.zeros(5000, dtype=np.int64))]
    assert None in firsts
    assert "" in firsts
    assert max(len(first or "") for first in firsts) > 100
    assert any(first and "\u0590" <= first[0] <= "\u06ff" for first in firsts)
    usual = {name for names in NAMES.values() for name in names[0]}
    assert 0.005 < sum(name not in usual for name in firsts) / len(firsts) < 0.03


def test_addresses_are_reserved_and_some_are_shared(sample):
    """Every address is below .example; households share one; a few customers have none."""
    points = sample.changes("contact_points").drop_duplicates("id")
    points = points[points["channel"] == "email"]
    addresses = points["address"].str.lower()
    assert addresses.str.endswith(".example").all()
    assert addresses.duplicated().any()
    customers = set(sample.changes("customers")["id"])
    assert set(points["customer_id"]) < customers
    assert 0.9 < len(points) / len(customers) < 0.99


def test_telephone_numbers_are_valid_in_their_country(sample):
    """Every number is E.164, valid where the person signed up, and one person's alone."""
    points = sample.changes("contact_points").drop_duplicates("id")
    phones = points[points["channel"] == "sms"]
    first = sample.changes("customers").sort_values("changed_at").drop_duplicates("id").set_index("id")["country"]
    assert len(phones) > 200
    assert not phones["address"].duplicated().any()
    for row in phones.itertuples():
        number = phonenumbers.parse(row.address)
        assert phonenumbers.is_valid_number(number), row.address
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == row.address
        assert phonenumbers.region_code_for_number(number) == first[row.customer_id]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.locale} {place.zone}")
def test_every_place_has_valid_telephone_numbers(place):
    """From the first customer's number to the last one's."""
    for number in (0, 1, 9_999, 123_456, 10**place.phone_digits - 1):
        parsed = phonenumbers.parse(f"{place.phone}{number:0{place.phone_digits}d}")
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.region_code_for_number(parsed) == place.country


def test_people_are_reached_on_four_channels(sample):
    """Post is written in one line with its country, push goes to the app's token, which changes now and then."""
    points = sample.changes("contact_points").drop_duplicates(["id", "changed_at"])
    assert set(points["channel"]) == {"email", "sms", "push", "post"}
    customers = sample.changes("customers").drop_duplicates("id").set_index("id")["country"]
    letters = points[points["channel"] == "post"].drop_duplicates("id")
    same_country = letters["address"].str[-2:] == letters["customer_id"].map(customers)
    assert same_country.mean() > 0.95
    tokens = points[points["channel"] == "push"]
    assert tokens["address"].is_unique
    assert tokens["id"].duplicated().any()


def test_consents_have_a_history(sample):
    """Granted, confirmed or not, withdrawn by some and given again; each for a contact point that exists."""
    consents = sample.changes("consents").drop_duplicates(["id", "changed_at"]).sort_values(["id", "changed_at"])
    assert set(consents["contact_point_id"]) < set(sample.changes("contact_points")["id"])
    endings = consents["channel"] + ":" + consents["purpose"] + ":default"
    assert (consents["id"] == consents["contact_point_id"] + ":" + endings).all()
    assert set(consents["channel"]) == {"email", "sms", "push", "post"}
    assert set(consents["purpose"]) == {"marketing", "service"}
    paths = consents.groupby("id").apply(
        lambda rows: tuple(zip(rows["status"], rows["is_confirmed"], strict=True)), include_groups=False
    )
    assert {(("granted", False),), (("granted", False), ("granted", True))} <= set(paths)
    assert any(path[-1] == ("withdrawn", False) for path in paths)


def test_some_sign_up_twice_and_are_found_out_later(sample):
    """The later id is merged into the earlier one, days after; both had the same birthday; it comes no more."""
    rows = sample.changes("customers").drop_duplicates(["id", "changed_at"])
    merged = rows[rows["merged_into"].notna()]
    assert len(merged) >= 5
    assert (merged["id"] > merged["merged_into"]).all()
    first = rows.sort_values("changed_at").drop_duplicates("id").set_index("id")
    assert (merged["changed_at"] - merged["id"].map(first["changed_at"]) > pd.Timedelta(days=4)).all()
    for row in merged.itertuples():
        assert row.birth_date == first["birth_date"][row.merged_into] or pd.isna(row.birth_date)
        own = sample.clean[(sample.clean["user_id"] == row.id) & (sample.clean["event_name"] == "Product Viewed")]
        assert (own["occurred_at"] < row.changed_at + pd.Timedelta(days=1)).all()


def test_customers_move_and_change_their_names(sample):
    """Later rows of a customer have another city or country, or another last name; the birthday stays."""
    rows = sample.changes("customers").sort_values("changed_at")
    for trait in ("city", "last_name"):
        assert (rows.groupby("id")[trait].nunique() > 1).any()
    assert (rows.groupby("id")["birth_date"].nunique() <= 1).all()


def test_colleagues_share_an_account(sample):
    """A few customers buy for a business, and some businesses have several of them."""
    customers = sample.changes("customers").drop_duplicates("id")
    accounts = customers["account_id"].dropna()
    assert 0.02 < len(accounts) / len(customers) < 0.12
    assert accounts.duplicated().any()


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
