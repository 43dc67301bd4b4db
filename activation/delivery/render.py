"""Turns a message into what the recipient reads.

`<folder>/<template>/<channel>.<locale>.txt.j2` has the blocks `subject`, `preheader` and `body` and is not escaped;
`<channel>.<locale>.html.j2` beside it is escaped and is for e-mail only. Folders are searched in order, so that a
deployment's own templates win over ours; de-AT falls back to de, and that to the brand's default locale. A message's
own subject, its variant's, replaces the block: rendered in the same sandbox with the same values, and not escaped.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, Template, TemplateNotFound, pass_context
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.runtime import Context

from activation.config import CONFIG_FILE, BrandConfig, Config
from activation.delivery.formats import format_date, format_money
from activation.delivery.sandbox import OUTPUT_LENGTH, TemplateSandbox
from activation.errors import ConfigError, TemplateError
from activation.model import Channel, Message, Purpose, Rendered, Sender
from activation.policy import TriggerPolicy

SHIPPED = Path(__file__).resolve().parent.parent / "templates"
NAME = re.compile(r"[a-z0-9][a-z0-9_]*(?:/[a-z0-9_]+)*")
LOCALE = re.compile(r"(?P<language>[A-Za-z]{2,3})(?:[-_](?P<rest>[A-Za-z0-9_-]+))?")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}
BLANK_LINES, PARAGRAPH = re.compile(r"\n\s*\n"), "\n\n"
FOLLOWED = re.compile(r"(?:https?://|mailto:|tel:)\S+$", re.IGNORECASE)
# What a template and its data can raise between them.
FAULTS = (JinjaError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError, RecursionError)

UnsubscribeLink = Callable[[Message], str]


@dataclass(frozen=True, slots=True)
class _Pair:
    """The compiled templates of one name, channel and locale."""

    locale: str
    text: Template
    html: Template | None


class Renderer:
    """Renders messages from `templates`, the folders in order of preference.

    `unsubscribe_link` makes the link that a marketing message must carry. Compiled templates are kept for the
    renderer's life: make a new one to see an edited file. May be used by several threads.
    """

    def __init__(self, templates: Sequence[Path], config: Config, unsubscribe_link: UnsubscribeLink) -> None:
        self._folders = list(templates)
        self._config = config
        self._unsubscribe_link = unsubscribe_link
        self._sandbox = TemplateSandbox(
            FileSystemLoader(self._folders), {"money": _money, "date": _date, "link": _link}
        )
        self._pairs: dict[tuple[str, Channel, str, str], _Pair] = {}
        self._subjects: dict[str, Template] = {}

    def render(self, message: Message, sent_at: datetime | None = None) -> Rendered:
        """The message as it will go out, dated `sent_at` (UTC) if given.

        Raises TemplateError when a template is missing or fails, ConfigError for an unknown brand or sender.
        """
        brand = self._brand(message.brand)
        sender = self._sender(message.sender)
        pair = self._pair(message.template, message.channel, message.locale, brand.default_locale)
        is_marketing = message.purpose is Purpose.MARKETING
        unsubscribe_url = self._unsubscribe_link(message) if is_marketing else None
        values = _values(message, brand, sender, pair.locale, unsubscribe_url)
        return Rendered(
            message_key=message.message_key,
            channel=message.channel,
            contact_point=message.contact_point,
            sender=sender,
            purpose=message.purpose,
            parts={**self._parts(message, pair, values), "trigger": message.trigger_id},
            unsubscribe_url=unsubscribe_url,
            sent_at=sent_at,
        )

    def compile(self, template: str, channel: Channel, locale: str, default_locale: str) -> str:
        """Compile a template and return the locale found. Raises TemplateError."""
        return self._pair(template, channel, locale, default_locale).locale

    def compile_subject(self, subject: str) -> Template:
        """Compile a message's own subject. Raises TemplateError."""
        try:
            return self._sandbox.from_text(subject)
        except TemplateSyntaxError as error:
            raise TemplateError(f"The subject {subject!r} does not compile: {error.message}.", "") from None

    def _brand(self, name: str) -> BrandConfig:
        if name not in self._config.brands:
            raise ConfigError(f"{CONFIG_FILE} has no brand `{name}`.", "Add it under `brands`.")
        return self._config.brands[name]

    def _sender(self, name: str) -> Sender:
        if name not in self._config.senders:
            raise ConfigError(f"{CONFIG_FILE} has no sender `{name}`.", "Add it under `senders`.")
        found = self._config.senders[name]
        return Sender(found.name, found.address, found.reply_to, found.postal_address)

    def _parts(self, message: Message, pair: _Pair, values: Mapping[str, Any]) -> dict[str, str]:
        try:
            parts = self._text_parts(pair.text, self._own_subject(message), values)
            if pair.html is not None:
                parts["html"] = pair.html.render({**values, **parts})
            for part in parts.values():
                part.encode()  # JSON can hold half a character, UTF-8 cannot
        except TemplateError:
            raise
        except FAULTS as error:
            raise _failed(message, pair, error) from None
        if CONTROL.search(parts["subject"]):
            raise TemplateError(
                f"The subject of `{message.template}` for {message.channel}, {pair.locale} is not one line.",
                "Take line breaks and control characters out of the block and of what it shows.",
            )
        return parts

    def _own_subject(self, message: Message) -> Template | None:
        if message.subject is None:
            return None
        if message.subject not in self._subjects:
            self._subjects[message.subject] = self.compile_subject(message.subject)
        return self._subjects[message.subject]

    def _text_parts(
        self, template: Template, own_subject: Template | None, values: Mapping[str, Any]
    ) -> dict[str, str]:
        context = template.new_context(dict(values))
        # Rendering the whole first is what fills the context's blocks, the inherited ones included.
        text = self._sandbox.concat(template.root_render_func(context))
        subject, preheader = (self._block(context, name) for name in ("subject", "preheader"))
        if own_subject is not None:
            subject = own_subject.render(values).strip()
        return {"subject": subject, "preheader": preheader, "text": f"{BLANK_LINES.sub(PARAGRAPH, text).strip()}\n"}

    def _block(self, context: Context, name: str) -> str:
        if name not in context.blocks:
            return ""
        return self._sandbox.concat(context.blocks[name][0](context)).strip()

    def _pair(self, template: str, channel: Channel, locale: str, default_locale: str) -> _Pair:
        key = (template, channel, locale, default_locale)
        if key not in self._pairs:
            self._pairs[key] = self._find(template, channel, fallbacks(locale, default_locale))
        return self._pairs[key]

    def _find(self, template: str, channel: Channel, locales: Sequence[str]) -> _Pair:
        if not NAME.fullmatch(template):
            raise TemplateError(
                f"{template!r} is not a template's name.", "Use lower-case letters, digits, `_` and `/`."
            )
        for locale in locales:
            stem = f"{template}/{channel}.{locale}"
            text = self._compiled(f"{stem}.txt.j2")
            html = self._compiled(f"{stem}.html.j2") if channel is Channel.EMAIL else None
            if text is None and html is None:
                continue
            if text is None or (html is None and channel is Channel.EMAIL):
                absent = "txt" if text is None else "html"
                raise TemplateError(
                    f"The template `{template}` for {channel}, {locale} has no {absent} part.",
                    f"Add {stem}.{absent}.j2.",
                )
            return _Pair(locale, text, html)
        folders = ", ".join(str(folder) for folder in self._folders)
        raise TemplateError(
            f"The template `{template}` for {channel}, {locales[0]} is missing.",
            f"Looked for {template}/{channel}.<locale>.txt.j2 with {', '.join(locales)} in {folders}.",
        )

    def _compiled(self, path: str) -> Template | None:
        try:
            return self._sandbox.get_template(path)
        except TemplateNotFound as error:
            if error.name == path:
                return None
            raise
        except TemplateSyntaxError as error:
            raise TemplateError(f"{error.filename or path}, line {error.lineno}: {error.message}.", "") from None


def fallbacks(locale: str, default_locale: str) -> list[str]:
    """Where to look, in order: de-AT, de, then the brand's default and its language."""
    found: list[str] = []
    for candidate in (locale, default_locale):
        match = LOCALE.fullmatch(candidate or "")
        if match:
            language, rest = match["language"].lower(), match["rest"]
            found += [f"{language}-{_region(rest)}", language] if rest else [language]
    return list(dict.fromkeys(found))


def missing_templates(policies: Iterable[TriggerPolicy], templates: Sequence[Path], config: Config) -> list[str]:
    """One sentence per template that a policy names and that is missing or does not compile in its brand's locale."""
    renderer = Renderer(templates, config, lambda _: "")
    faults: list[str] = []
    for policy in policies:
        brand = config.brands.get(policy.brand)
        if brand is None:
            faults.append(f"trigger {policy.id}: {CONFIG_FILE} has no brand `{policy.brand}`.")
            continue
        for channel, template in _named_templates(policy):
            try:
                renderer.compile(template, channel, brand.default_locale, brand.default_locale)
            except TemplateError as error:
                faults.append(f"trigger {policy.id}: {error}")
        for variant in policy.experiment.variants if policy.experiment else []:
            try:
                renderer.compile_subject(variant.subject or "")
            except TemplateError as error:
                faults.append(f"trigger {policy.id}: variant {variant.name}: {error}")
    return faults


def _named_templates(policy: TriggerPolicy) -> list[tuple[Channel, str]]:
    variants = policy.experiment.variants if policy.experiment else []
    named = [*policy.templates.items(), *(item for variant in variants for item in variant.templates.items())]
    return list(dict.fromkeys(named))


def _region(rest: str) -> str:
    return "-".join(part.title() if len(part) == 4 else part.upper() for part in re.split("[-_]", rest))


def _values(
    message: Message, brand: BrandConfig, sender: Sender, locale: str, unsubscribe_url: str | None
) -> dict[str, Any]:
    """What templates may use. `language` is the template's; `locale` is the reader's where they agree."""
    language = locale.partition("-")[0]
    own = fallbacks(message.locale, locale)[0]
    return {
        "customer": dict(message.customer),
        "context": dict(message.context),
        "items": [{"trigger": item.trigger_id, "context": dict(item.context)} for item in message.items],
        "offer": message.offer,
        "message": {
            "trigger_id": message.trigger_id,
            "step": message.step,
            "variant": message.variant,
            "purpose": str(message.purpose),
        },
        "brand": {"name": brand.name, "site_url": brand.site_url},
        "sender": {"name": sender.name, "address": sender.address, "postal_address": sender.postal_address},
        "unsubscribe_url": unsubscribe_url,
        "locale": own if own.partition("-")[0] == language else locale,
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "timezone": message.timezone,
    }


def _failed(message: Message, pair: _Pair, error: Exception) -> TemplateError:
    """Names the template, never the data: an error's text may quote a customer."""
    reason = str(error) if isinstance(error, UndefinedError | SecurityError) else type(error).__name__
    return TemplateError(
        f"The template `{message.template}` for {message.channel}, {pair.locale} does not render: {reason}.",
        f"Test what may be absent with `is defined`; no output may exceed {OUTPUT_LENGTH} characters.",
    )


@pass_context
def _money(context: Context, amount: object, currency: str, locale: str | None = None) -> str:
    return format_money(amount, currency, locale or context["locale"])


@pass_context
def _date(context: Context, value: object, locale: str | None = None) -> str:
    return format_date(value, locale or context["locale"], context["timezone"])


@pass_context
def _link(context: Context, url: object) -> str:
    """The address if a browser may follow it; anything else, such as `javascript:`, leads to the brand's site."""
    text = str(url or "")
    return text if FOLLOWED.match(text) and not CONTROL.search(text) else str(context["brand"]["site_url"])
