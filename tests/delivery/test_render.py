"""From a message to what the recipient reads."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from activation.config import Config
from activation.delivery.render import SHIPPED, Renderer, fallbacks, missing_templates
from activation.errors import ConfigError, TemplateError
from activation.model import Channel, Message, OnUnknown, Purpose
from activation.policy import TriggerPolicy

NOW = datetime(2026, 3, 1, 12)
LINK = "https://shop.example/u/1.abc.def"
CONFIG = Config.model_validate(
    {
        "brands": {"default": {"name": "Fern & Clay", "site_url": "https://shop.example", "default_locale": "en"}},
        "senders": {
            "shop": {"name": "Fern & Clay", "address": "hello@shop.example", "postal_address": "12 Kiln Lane, Bristol"}
        },
        "destinations": {},
    }
)
CART = {
    "step": 1,
    "items": [
        {"name": "Terracotta pot", "price": 18.5, "quantity": 2, "url": "https://shop.example/p/1"},
        {"name": "<b>Linen</b>", "price": "42.00", "quantity": 1, "url": "javascript:alert(1)"},
    ],
    "amount": 79.0,
    "currency_code": "EUR",
    "url": 'https://shop.example/cart?a="b"',
}
CONTEXTS: Mapping[str, Mapping[str, Any]] = {
    "welcome_series": {"step": 1},
    "cart_abandonment": CART,
    "win_back": {"step": 1, "last_order_at": "2025-11-01T23:30:00"},
    "order_confirmation": {"order_id": "A-1007", "items": CART["items"], "amount": 79, "currency_code": "EUR"},
}
LOCALES = ("en", "de", "fr", "nl")


def message(template: str = "cart_abandonment", locale: str = "en", **changes: Any) -> Message:
    is_order = template == "order_confirmation"
    base = Message(
        message_key="k" * 32,
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
        purpose=Purpose.TRANSACTIONAL if is_order else Purpose.MARKETING,
        channel=Channel.EMAIL,
        contact_point="jane@mail.example",
        contact_point_id="p",
        template=template,
        variant="a",
        sender="shop",
        locale=locale,
        timezone="Europe/Berlin",
        priority=100,
        on_unknown=OnUnknown.HOLD,
        mandatory=False,
        context=CONTEXTS.get(template, {}),
        customer={"first_name": "Jane"},
        send_not_before=NOW,
        send_not_after=NOW + timedelta(days=1),
        decided_at=NOW,
    )
    return replace(base, **changes)


@pytest.fixture(scope="module")
def shipped() -> Renderer:
    return Renderer([SHIPPED], CONFIG, lambda _: LINK)


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., Renderer]:
    """A renderer over templates that the test writes, before ours."""

    def make(files: Mapping[str, str], config: Config = CONFIG) -> Renderer:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Renderer([tmp_path, SHIPPED], config, lambda _: LINK)

    return make


def pair(body: str, subject: str = "s") -> dict[str, str]:
    """An e-mail template `t` with `body` in both of its parts."""
    block = f"{{% block body %}}{body}{{% endblock %}}"
    head = f"{{% block subject %}}{subject}{{% endblock %}}"
    return {
        "t/email.en.txt.j2": f'{{% extends "base/email.txt.j2" %}}{head}{block}',
        "t/email.en.html.j2": f'{{% extends "base/email.html.j2" %}}{block}',
    }


class Balance(HTMLParser):
    """Notes tags that are closed without being open, or never."""

    VOID = frozenset({"meta", "br", "img", "hr", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def read(html: str) -> Balance:
    reader = Balance()
    reader.feed(html)
    return reader


@pytest.mark.parametrize("template", CONTEXTS)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_every_shipped_template_renders(shipped: Renderer, template: str, locale: str, step: int) -> None:
    """In every language and step: a subject, a preheader, balanced HTML without a foreign link, and a footer."""
    rendered = shipped.render(message(template, locale, step=step))
    html, text = rendered.parts["html"], rendered.parts["text"]
    reader = read(html)
    assert reader.faults == []
    assert reader.open == []
    assert all(link.startswith("https://shop.example") for link in reader.links)
    assert f'lang="{locale}"' in html
    assert rendered.parts["subject"]
    assert rendered.parts["preheader"] in text or rendered.parts["preheader"]
    for part in (html, text):
        assert "12 Kiln Lane, Bristol" in part
        assert "Jane" in part
        assert "None" not in part
        assert "Undefined" not in part
    assert "\n\n\n" not in text


@pytest.mark.parametrize("template", CONTEXTS)
@pytest.mark.parametrize("locale", LOCALES)
def test_steps_and_languages_differ(shipped: Renderer, template: str, locale: str) -> None:
    """No step repeats another's subject, and no translation is the English text left in place."""
    subjects = [shipped.render(message(template, locale, step=step)).parts["subject"] for step in (1, 2, 3)]
    assert len(set(subjects)) == (1 if template == "order_confirmation" else 3)
    if locale != "en":
        assert shipped.render(message(template)).parts["subject"] not in subjects


@pytest.mark.parametrize("template", CONTEXTS)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("customer", [{}, {"first_name": None}, {"first_name": ""}])
def test_what_is_optional_may_be_absent(
    shipped: Renderer, template: str, locale: str, customer: Mapping[str, Any]
) -> None:
    """Without a name, items, amount, address or last order it still reads as a sentence."""
    context = {"order_id": "A-1007"} if template == "order_confirmation" else {}
    parts = shipped.render(message(template, locale, customer=customer, context=context)).parts
    assert re.match(r"^\w[\w ]*,\n", parts["text"])
    assert "None" not in parts["text"] + parts["html"]
    assert " ," not in parts["text"] + parts["html"]


def test_only_marketing_can_be_unsubscribed_from(shipped: Renderer) -> None:
    """A marketing message carries its link in both parts; an order's confirmation has none and offers nothing."""
    marketing = shipped.render(message())
    assert marketing.unsubscribe_url == LINK
    assert LINK in marketing.parts["html"]
    assert LINK in marketing.parts["text"]
    order = shipped.render(message("order_confirmation"))
    assert order.unsubscribe_url is None
    assert "nsubscribe" not in order.parts["html"] + order.parts["text"]


def test_names_cannot_write_html(shipped: Renderer) -> None:
    """What people and feeds call things is text; an address that is not followed leads home."""
    rendered = shipped.render(message(customer={"first_name": '<script>alert("x")</script>'}))
    html = rendered.parts["html"]
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;Linen&lt;/b&gt;" in html
    assert "javascript:" not in html + rendered.parts["text"]
    assert 'cart?a=&#34;b&#34;"' in html
    assert "<b>Linen</b>" in rendered.parts["text"]


@pytest.mark.parametrize("name", ["שרה", "محمد", "Zoë 🌿", "王小明", "O'Neill"])
def test_names_of_any_script_come_through(shipped: Renderer, name: str) -> None:
    """Right-to-left names are isolated, so that they do not turn the sentence around."""
    parts = shipped.render(message(customer={"first_name": name})).parts
    assert f"<bdi>{escape(name)}</bdi>" in parts["html"]
    assert parts["text"].startswith(f"Hi {name},")


@pytest.mark.parametrize(
    ("locale", "language", "amount"),
    [
        ("de-AT", "de", "€\u00a079,00"),
        ("de_DE", "de", "79,00\u00a0€"),
        ("fr-CA", "fr", "79,00\u00a0€"),
        ("nl", "nl", "€\u00a079,00"),
        ("pt-BR", "en", "€79.00"),
        ("", "en", "€79.00"),
        ("../../etc", "en", "€79.00"),
    ],
)
def test_the_nearest_language_is_taken(shipped: Renderer, locale: str, language: str, amount: str) -> None:
    """de-AT reads German with Austrian amounts; who speaks none of ours reads all in the brand's language."""
    parts = shipped.render(message(locale=locale)).parts
    assert f'lang="{language}"' in parts["html"]
    assert amount in parts["text"]


def test_fallbacks_are_in_order() -> None:
    """From the most particular to the brand's own language, none twice."""
    assert fallbacks("de_at", "en-GB") == ["de-AT", "de", "en-GB", "en"]
    assert fallbacks("zh-hant-TW", "zh") == ["zh-Hant-TW", "zh"]
    assert fallbacks("not a locale", "en") == ["en"]


def test_dates_fall_on_the_readers_day(shipped: Renderer) -> None:
    """An order at 23:30 UTC was made the next day in Berlin."""
    german = shipped.render(message("win_back", "de"))
    assert "2. November 2025" in german.parts["text"]
    assert "1 November 2025" in shipped.render(message("win_back", timezone="UTC")).parts["text"]
    assert "1 November 2025" in shipped.render(message("win_back", timezone="Mars/Base")).parts["text"]


def test_the_same_message_renders_the_same(shipped: Renderer) -> None:
    """A repeat has the same bytes, and what comes from the warehouse as JSON renders like what did not."""
    again = message(context=json.loads(json.dumps(CART)))
    assert shipped.render(message(), NOW) == Renderer([SHIPPED], CONFIG, lambda _: LINK).render(again, NOW)


# --- a deployment's own templates ---


def test_own_templates_win(own: Callable[..., Renderer]) -> None:
    """A template of the deployment's replaces ours of the same name, and may extend our base."""
    renderer = own({key.replace("t/", "win_back/"): text for key, text in pair("Own words", "Own subject").items()})
    rendered = renderer.render(message("win_back"))
    assert rendered.parts["subject"] == "Own subject"
    assert "Own words" in rendered.parts["html"]
    assert "12 Kiln Lane" in rendered.parts["text"]


def test_a_missing_template_is_named(shipped: Renderer) -> None:
    """The error says which template, for what channel and locale, and where it was looked for."""
    with pytest.raises(TemplateError) as raised:
        shipped.render(message("birthday", "de-AT"))
    for word in ("`birthday`", "email", "de-AT, de, en", str(SHIPPED)):
        assert word in str(raised.value)


def test_half_a_template_is_named(own: Callable[..., Renderer]) -> None:
    """An e-mail needs both of its parts in a language; the other language is not taken instead."""
    files = pair("x")
    files["t/email.de.html.j2"] = files["t/email.en.html.j2"]
    with pytest.raises(TemplateError, match=r"has no txt part. Add t/email.de.txt.j2"):
        own(files).render(message("t", "de"))


@pytest.mark.parametrize("name", ["../secrets", "/etc/passwd", "a/../b", "A", "", "a b", "t/"])
def test_a_templates_name_is_a_name(shipped: Renderer, name: str) -> None:
    """No policy can name a file elsewhere."""
    with pytest.raises(TemplateError):
        shipped.render(message(name))


def test_what_is_not_defined_fails(own: Callable[..., Renderer]) -> None:
    """A misspelt variable is an error that names it and holds nothing of the customer's."""
    with pytest.raises(TemplateError, match="frist_name") as raised:
        own(pair("{{ customer.frist_name }}")).render(message("t"))
    assert "Jane" not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ context.n / 0 }}",
        "{{ context.n.x.y }}",
        "{{ context.n | sort }}",
        "{{ context.n + 'a' }}",
        "{{ context.half }}",
        "{{ context.list | sum }}",
        "{{ 'a' * 10**9 }}",
        "{{ context.n | date }}",
    ],
)
def test_whatever_fails_in_a_template_is_a_template_error(own: Callable[..., Renderer], body: str) -> None:
    """One message's fault never ends the run of the others."""
    context = {"n": 1, "half": "\ud83c", "list": [{}, "a"]}
    with pytest.raises(TemplateError, match="`t`"):
        own(pair(body)).render(message("t", context=context))


@pytest.mark.parametrize("amount", ["much", None, float("nan"), [1]])
def test_an_amount_that_is_none_fails(own: Callable[..., Renderer], amount: object) -> None:
    """A message with a wrong price does not go out; the error holds no data."""
    renderer = own(pair("{{ context.amount | money('EUR') }}"))
    with pytest.raises(TemplateError, match="`t`"):
        renderer.render(message("t", context={"amount": amount}))


def test_a_syntax_error_has_a_line(own: Callable[..., Renderer]) -> None:
    """An author is told the file and the line."""
    with pytest.raises(TemplateError, match=r"email\.en\.txt\.j2, line 1"):
        own(pair("{% if %}")).render(message("t"))


@pytest.mark.parametrize("name", ["Ann\r\nBcc: all@mail.example", "Ann\nx", "Ann\x00"])
def test_a_subject_is_one_line(own: Callable[..., Renderer], name: str) -> None:
    """A line break in a name does not become one in the subject."""
    with pytest.raises(TemplateError, match="not one line") as raised:
        own(pair("x", "Hi {{ customer.first_name }}!")).render(message("t", customer={"first_name": name}))
    assert "Ann" not in str(raised.value)


def test_a_subject_is_not_escaped(own: Callable[..., Renderer]) -> None:
    """It is a header, not HTML; in the HTML's title it is escaped."""
    parts = own(pair("x", "{{ brand.name }} <3")).render(message("t")).parts
    assert parts["subject"] == "Fern & Clay <3"
    assert "<title>Fern &amp; Clay &lt;3</title>" in parts["html"]


def test_other_channels_need_a_text_only(own: Callable[..., Renderer]) -> None:
    """A text message has a body and no footer unless its template says so."""
    renderer = own({"t/sms.en.txt.j2": "{{ brand.name }}: your cart waits. {{ context.url | link }}\n"})
    rendered = renderer.render(message("t", channel=Channel.SMS, context={"url": "https://shop.example/c"}))
    assert rendered.parts["text"] == "Fern & Clay: your cart waits. https://shop.example/c\n"
    assert "html" not in rendered.parts


def test_brands_and_senders_must_exist(shipped: Renderer) -> None:
    """A message that names another is a fault of the configuration."""
    with pytest.raises(ConfigError, match="`other`"):
        shipped.render(message(brand="other"))
    with pytest.raises(ConfigError, match="`nobody`"):
        shipped.render(message(sender="nobody"))


# --- before anything is sent ---


def policy(**changes: Any) -> TriggerPolicy:
    values: dict[str, Any] = {
        "id": "birthday",
        "kind": "date",
        "purpose": "marketing",
        "basis": "consent",
        "priority": "low",
        "channels": {"names": ["email"]},
        "templates": {"email": "win_back"},
        "sender": "shop",
        "owner": "crm@shop.example",
    }
    return TriggerPolicy.model_validate(values | changes)


def test_missing_templates_are_found_before_they_are_needed(own: Callable[..., Renderer], tmp_path: Path) -> None:
    """Those of policies and of their variants, missing or broken, one sentence each; nothing when all is well."""
    own(pair("{% broken %}"))
    experiment = {
        "salt": "one",
        "variants": [
            {"name": "a", "weight": 50},
            {"name": "b", "weight": 50, "templates": {"email": "birthday_b"}},
        ],
    }
    folders = [tmp_path, SHIPPED]
    assert missing_templates([policy()], folders, CONFIG) == []
    faults = missing_templates(
        [policy(experiment=experiment), policy(templates={"email": "t"}), policy(brand="other")], folders, CONFIG
    )
    assert len(faults) == 3
    assert "`birthday_b`" in faults[0]
    assert "line 1" in faults[1]
    assert "`other`" in faults[2]
    assert all(fault.startswith("trigger birthday: ") for fault in faults)
