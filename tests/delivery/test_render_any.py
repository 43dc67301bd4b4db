"""Whatever the warehouse holds: a message is rendered or refused, and data never becomes HTML."""

import json
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from activation.config import Config
from activation.delivery.render import SHIPPED, Renderer
from activation.destinations.mail import compose, fault_of
from activation.errors import TemplateError
from activation.model import Channel, Message, OnUnknown, Purpose, Rendered

NOW = datetime(2026, 3, 1, 12)
CONFIG = Config.model_validate(
    {
        "brands": {"default": {"name": "Shop", "site_url": "https://shop.example"}},
        "senders": {"shop": {"name": "Shop", "address": "hello@shop.example"}},
        "destinations": {},
    }
)
RENDERER = Renderer([SHIPPED], CONFIG, lambda _: "https://shop.example/u/1.a.b")
HOSTILE = ["<img src=x onerror=alert(1)>", '"><script>', "{{ 7 * 7 }}", "a\nb", "javascript:alert(1)"]
TEXT = st.one_of(st.text(max_size=12), st.sampled_from(HOSTILE))
LOCALE = st.one_of(st.sampled_from(["en", "de-AT", "fr", "nl"]), st.text(max_size=6))
LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT)
LINE = st.dictionaries(st.sampled_from(["name", "price", "quantity", "url", "items"]), LEAF, max_size=4)
ANY = st.one_of(LEAF, st.lists(st.one_of(LINE, LEAF), max_size=3), LINE)
KEYS = ["items", "amount", "currency_code", "url", "order_id", "last_order_at", "step", "keys"]
CONTEXT = st.dictionaries(st.sampled_from(KEYS), ANY, max_size=6)
CUSTOMER = st.dictionaries(st.sampled_from(["first_name", "last_name", "get"]), LEAF, max_size=3)


class Tags(HTMLParser):
    """The tags and attributes' names of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def message(template: str, locale: str, customer: dict[str, Any], context: dict[str, Any]) -> Message:
    return Message(
        message_key="k",
        decision_id="d",
        run_id=1,
        environment="dev",
        brand="default",
        trigger_id=template,
        trigger_version=1,
        step=1,
        occurrence_ids=("o",),
        customer_id="c",
        unit_id="c",
        purpose=Purpose.MARKETING,
        channel=Channel.EMAIL,
        contact_point="jane@mail.example",
        contact_point_id="p",
        template=template,
        variant="a",
        sender="shop",
        locale=locale,
        timezone="UTC",
        priority=100,
        on_unknown=OnUnknown.HOLD,
        mandatory=False,
        context=context,
        customer=customer,
        send_not_before=NOW,
        send_not_after=NOW,
        decided_at=NOW,
    )


def render(wanted: Message) -> tuple[Rendered | None, str]:
    try:
        return RENDERER.render(wanted, NOW), ""
    except TemplateError as error:
        return None, str(error)


@pytest.mark.parametrize("template", ["cart_abandonment", "order_confirmation", "win_back"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(locale=LOCALE, customer=CUSTOMER, context=CONTEXT)
@example(locale="en", customer={}, context={"order_id": ["\U00049000"]})
@example(locale="en", customer={}, context={"order_id": "{{ 7 * 7 }}"})
def test_any_data_renders_or_is_refused(
    template: str, locale: str, customer: dict[str, Any], context: dict[str, Any]
) -> None:
    """Nothing but a TemplateError, which holds no data; what renders is a mail whose tags and links are ours."""
    rendered, refusal = render(message(template, locale, customer, context))
    assert "onerror" not in refusal
    if rendered is None:
        return
    tags = Tags()
    tags.feed(rendered.parts["html"])
    assert tags.tags.isdisjoint({"img", "script"})
    assert all(link.startswith(("http://", "https://", "mailto:", "tel:")) for link in tags.links)
    # A value that is no text is shown by its repr, whose escapes may hold digits that its JSON does not.
    assert "49" not in rendered.parts["subject"] or "49" in json.dumps(context) + repr(context)
    assert fault_of(rendered) is None or len(rendered.parts["subject"]) > 200
    compose(rendered, NOW)
