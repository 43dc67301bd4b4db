"""What a variant, an offer and a digest make of a message."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activation.config import Config
from activation.delivery.render import SHIPPED, Renderer, missing_templates
from activation.errors import TemplateError
from activation.model import Channel, Item, Message, OnUnknown, Purpose
from activation.policy import TriggerPolicy

NOW = datetime(2026, 3, 1, 12)
CONFIG = Config.model_validate(
    {
        "brands": {"default": {"name": "Fern & Clay", "site_url": "https://shop.example", "default_locale": "en"}},
        "senders": {"shop": {"name": "Fern & Clay", "address": "hello@shop.example"}},
        "destinations": {},
    }
)
MESSAGE = Message(
    message_key="k",
    decision_id="d",
    run_id=1,
    environment="dev",
    brand="default",
    trigger_id="price_drop",
    trigger_version=1,
    step=1,
    occurrence_ids=("o",),
    customer_id="c",
    unit_id="c",
    purpose=Purpose.MARKETING,
    channel=Channel.EMAIL,
    contact_point="jane@mail.example",
    contact_point_id="p",
    template="t",
    variant="b",
    sender="shop",
    locale="en",
    timezone="UTC",
    priority=1,
    on_unknown=OnUnknown.HOLD,
    mandatory=False,
    context={"product": "Mug", "items": ["its own"]},
    customer={"first_name": "Jane"},
    send_not_before=NOW,
    send_not_after=NOW + timedelta(days=1),
    decided_at=NOW,
)
LIST = "{% for item in items %}[{{ item.trigger }}:{{ item.context.product }}]{% endfor %}"
BODY = "{{ context.product }}|{{ offer }}|" + LIST


@pytest.fixture
def renderer(tmp_path: Path) -> Renderer:
    """One e-mail template, which shows the offer and what a digest carries."""
    block = f"{{% block body %}}{BODY}{{% endblock %}}"
    folder = tmp_path / "t"
    folder.mkdir()
    head = "{% block subject %}The template's own{% endblock %}"
    (folder / "email.en.txt.j2").write_text(f'{{% extends "base/email.txt.j2" %}}{head}{block}')
    (folder / "email.en.html.j2").write_text(f'{{% extends "base/email.html.j2" %}}{block}')
    return Renderer([tmp_path, SHIPPED], CONFIG, lambda _: "https://shop.example/u")


def parts(renderer: Renderer, **changes: Any) -> dict[str, str]:
    return dict(renderer.render(replace(MESSAGE, **changes)).parts)


def test_a_variants_subject_replaces_the_templates(renderer: Renderer) -> None:
    """It sees what the template sees, and is no HTML; the page's title is, and escapes it."""
    assert parts(renderer)["subject"] == "The template's own"
    found = parts(renderer, subject="{{ customer.first_name }} & {{ offer }}: {{ 9.5 | money('EUR') }}", offer="<10 %>")
    assert found["subject"] == "Jane & <10 %>: €9.50"
    assert "Jane &amp; &lt;10 %&gt;: €9.50" in found["html"]


@pytest.mark.parametrize("subject", ["{{ nobody }}", "{{ 'a' * 999999999 }}", "{% if %}", "{{ ''.__class__ }}", "a\nb"])
def test_a_subject_that_fails_rejects_its_message(renderer: Renderer, subject: str) -> None:
    """It runs in the same sandbox, and is one line."""
    with pytest.raises(TemplateError):
        parts(renderer, subject=subject)


def test_an_offer_may_be_shown(renderer: Renderer) -> None:
    """In the HTML it is escaped; without one there is none."""
    assert "Mug|<TEN>|" in parts(renderer, offer="<TEN>")["text"]
    assert "Mug|&lt;TEN&gt;|" in parts(renderer, offer="<TEN>")["html"]
    assert "Mug|None|" in parts(renderer)["text"]


def test_a_digest_lists_what_it_carries(renderer: Renderer) -> None:
    """Each with its trigger and context, its own first; its own context stays where it always is."""
    items = (Item("price_drop", MESSAGE.context), Item("back_in_stock", {"product": "<Pot>"}))
    found = parts(renderer, items=items, occurrence_ids=("o", "p"))
    assert "Mug|None|[price_drop:Mug][back_in_stock:<Pot>]" in found["text"]
    assert "[back_in_stock:&lt;Pot&gt;]" in found["html"]
    assert "Mug|None|\n" in parts(renderer)["text"]


def test_a_broken_subject_is_found_before_it_is_needed() -> None:
    """The check of the policies names trigger and variant."""
    policy = TriggerPolicy.model_validate(
        {
            "id": "win_back",
            "kind": "absence",
            "purpose": "marketing",
            "basis": "consent",
            "priority": 10,
            "channels": {"names": ["email"]},
            "templates": {"email": "win_back"},
            "sender": "shop",
            "owner": "crm",
            "experiment": {
                "salt": "one",
                "variants": [
                    {"name": "a", "weight": 50},
                    {"name": "b", "weight": 50, "subject": "{{ customer.first_name"},
                ],
            },
            "goal": {"event": "Order Completed", "window": "7d"},
        }
    )
    (fault,) = missing_templates([policy], [SHIPPED], CONFIG)
    assert "win_back" in fault
    assert "variant b" in fault
