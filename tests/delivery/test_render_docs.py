"""What the page on templates says is so."""

import re
from datetime import datetime
from pathlib import Path

from activation.config import Config
from activation.delivery.render import SHIPPED, Renderer
from activation.delivery.sandbox import FILTERS
from activation.model import Channel, Message, OnUnknown, Purpose

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"


def test_the_page_lists_the_filters() -> None:
    """Every filter that templates may use, and no other."""
    text = PAGE.read_text(encoding="utf-8")
    listed = set(re.findall(r"`(\w+)`", text.partition("the filters are those of a message:")[2].partition("\n\n")[0]))
    assert listed == (set(FILTERS) - {"d", "e", "count"}) | {"join", "replace"}


def test_the_pages_examples_render(tmp_path: Path) -> None:
    """What an author copies works."""
    text, html = re.findall(r"```jinja\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "points"
    folder.mkdir()
    (folder / "email.en.txt.j2").write_text(text, encoding="utf-8")
    (folder / "email.en.html.j2").write_text(html, encoding="utf-8")
    config = Config.model_validate(
        {
            "brands": {"default": {"name": "Shop", "site_url": "https://shop.example"}},
            "senders": {"shop": {"name": "Shop", "address": "hello@shop.example"}},
            "destinations": {},
        }
    )
    parts = Renderer([tmp_path, SHIPPED], config, lambda _: "").render(message()).parts
    assert parts["subject"] == "Your points expire on 1 April 2026"
    assert "120 points left" in parts["text"]
    assert "120 points left" in parts["html"]


def message() -> Message:
    now = datetime(2026, 3, 1, 12)
    return Message(
        message_key="k",
        decision_id="d",
        run_id=1,
        environment="dev",
        brand="default",
        trigger_id="points_expiring",
        trigger_version=1,
        step=1,
        occurrence_ids=("o",),
        customer_id="c",
        unit_id="c",
        purpose=Purpose.SERVICE,
        channel=Channel.EMAIL,
        contact_point="jane@mail.example",
        contact_point_id="p",
        template="points",
        variant="a",
        sender="shop",
        locale="en",
        timezone="UTC",
        priority=100,
        on_unknown=OnUnknown.RESEND,
        mandatory=False,
        context={"points": 120, "expires_at": "2026-04-01"},
        customer={},
        send_not_before=now,
        send_not_after=now,
        decided_at=now,
    )
