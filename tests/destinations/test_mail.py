"""One e-mail as bytes."""

import csv
import os
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

import pytest

from activation.destinations.mail import ascii_address, compose, fault_of, message_id
from activation.model import Purpose, Rendered, Sender

ADDRESSES = "emails_isemail.csv"
NOW = datetime(2026, 5, 4, 3, 2, 1)
Make = Callable[..., Rendered]


def parse(content: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(content)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def lines(text: str) -> list[str]:
    """Mail ends lines with CRLF, base64 included (RFC 2045)."""
    return text.splitlines()


def test_a_mail_survives_the_way_through_a_parser(rendered: Make) -> None:
    """Headers and both parts come back as they were handed in, whatever their script."""
    parts = {
        "subject": "שלום — Zoë 🌿 Ünïcödé " * 6,
        "html": "<p>Grüße, 王小明</p>\n.\n..",
        "text": "Grüße\n.\nEnde\n",
        "trigger": "win_back",
    }
    mail = parse(compose(rendered(parts=parts), NOW))
    assert mail["Subject"] == parts["subject"]
    assert mail["To"] == "jane@mail.example"
    assert mail["X-Activation-Trigger"] == "win_back"
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert (text.get_content_type(), lines(text.get_content())) == ("text/plain", lines(parts["text"]))
    assert (html.get_content_type(), lines(html.get_content())) == ("text/html", lines(parts["html"]))
    assert max(map(len, compose(rendered(parts=parts), NOW).split(b"\r\n"))) < 998


def test_the_standard_headers_are_there(rendered: Make) -> None:
    """Message-ID is the key's hash, the mail says that it is automatic, and it is dated as it was rendered."""
    mail = parse(compose(rendered(), NOW))
    assert mail["Message-ID"] == message_id(rendered())
    assert mail["Message-ID"].endswith("@shop.example>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"].addresses[0].display_name == "Fern & Clay"
    assert mail["Reply-To"] == "help@shop.example"
    assert parsedate_to_datetime(mail["Date"]).isoformat() == "2026-03-01T12:00:00+00:00"
    undated = parse(compose(rendered(sent_at=None), NOW))
    assert parsedate_to_datetime(undated["Date"]).isoformat() == "2026-05-04T03:02:01+00:00"


def test_the_same_message_is_the_same_bytes(rendered: Make) -> None:
    """A repeat sends what was sent."""
    assert compose(rendered(), NOW) == compose(rendered(), datetime(2027, 1, 1))
    assert compose(rendered("key-1"), NOW) != compose(rendered("key-2"), NOW)


def test_only_marketing_can_be_unsubscribed_from(rendered: Make) -> None:
    """Both headers of RFC 8058 or neither."""
    mail = parse(compose(rendered(), NOW))
    assert mail["List-Unsubscribe"] == "<https://shop.example/u/1.abc.def>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    receipt = parse(compose(rendered(purpose=Purpose.TRANSACTIONAL), NOW))
    assert receipt["List-Unsubscribe"] is None
    assert receipt["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize(
    "name", ["Zoë & Søn", '"Quoted" Shop', "Shop, Ltd.", "株式会社シダと粘土、園芸用品および家庭用品の専門店、東京本店"]
)
def test_a_display_name_comes_back(rendered: Make, name: str) -> None:
    """Names with commas, quotes and other scripts are written so that a parser reads them."""
    content = compose(rendered(sender=Sender(name, "hello@shop.example")), NOW)
    # The newer parser puts a space between two encoded words of one name, against RFC 2047.
    head = str(make_header(decode_header(message_from_bytes(content)["From"])))
    assert parseaddr(head) == (name, "hello@shop.example")
    assert parse(content)["From"].addresses[0].addr_spec == "hello@shop.example"


def test_domains_of_other_scripts_go_out_in_ascii(rendered: Make) -> None:
    """The sender's, the reply's and the recipient's."""
    sender = Sender("Töpfe", "hallo@töpfe.example", "hilfe@töpfe.example")
    assert fault_of(rendered(to="jane@münchen.example", sender=sender)) is None
    mail = parse(compose(rendered(to="jane@münchen.example", sender=sender), NOW))
    assert mail["To"] == "jane@xn--mnchen-3ya.example"
    assert mail["From"].addresses[0].addr_spec == "hallo@xn--tpfe-5qa.example"
    assert mail["Reply-To"] == "hilfe@xn--tpfe-5qa.example"
    assert mail["Message-ID"].endswith("@xn--tpfe-5qa.example>")


def test_what_cannot_be_written_is_a_fault(rendered: Make) -> None:
    """Half of a surrogate pair, which JSON can carry, and links that are none."""
    for parts in ({"subject": "\ud83c", "html": "", "text": ""}, {"subject": "", "html": "\udf3f", "text": ""}):
        assert "half a character" in str(fault_of(rendered(parts=parts)))
    assert "half a character" in str(fault_of(rendered(to="jane\ud83c@mail.example")))
    for link in ("javascript:x", "https://a.example/>,<https://b.example", "https://a.example/é", "https://a b"):
        assert "link" in str(fault_of(rendered(unsubscribe_url=link)))
    assert "reply" in str(fault_of(rendered(sender=Sender("S", "a@shop.example", "nobody"))))


@pytest.mark.parametrize("poison", ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\x00b", "a\x85b", "a\u2028b"])
def test_no_header_can_be_smuggled_in(rendered: Make, poison: str) -> None:
    """A control character in anything that becomes a header makes a fault, before anyone is called."""
    hello = Sender("Shop", "hello@shop.example")
    carriers = [
        rendered(to=f"jane@mail.example{poison}"),
        rendered(parts={"subject": poison, "html": "", "text": ""}),
        rendered(parts={"subject": "", "html": "", "text": "", "trigger": poison}),
        rendered(sender=Sender(poison, hello.address)),
        rendered(sender=Sender("Shop", f"hello@shop.example{poison}")),
        rendered(sender=Sender("Shop", hello.address, poison)),
        rendered(unsubscribe_url=f"https://shop.example/{poison}"),
        rendered(key=poison),
    ]
    assert all(fault_of(carrier) for carrier in carriers)
    assert not any("mail.example" in str(fault_of(carrier)) for carrier in carriers)


def test_what_a_mail_needs_is_asked_for(rendered: Make) -> None:
    """A rendering without its parts is a fault, not a crash."""
    assert fault_of(rendered()) is None
    assert fault_of(rendered(parts={"subject": "x"})) == "the rendering has no html and no text"
    assert "900" in str(fault_of(rendered(parts={"subject": "é" * 500, "html": "", "text": ""})))


@pytest.mark.parametrize(
    "address",
    [
        *("", "jane", "jane@", "@mail.example", "jane doe@mail.example", "jane@mail example", "jane@@mail.example"),
        *(
            "jane.@mail.example",
            ".jane@mail.example",
            "ja..ne@mail.example",
            "jane@-mail.example",
            "jane@mail..example",
        ),
        *(
            "jane@mail.example\n",
            " jane@mail.example",
            "jane@[127.0.0.1]",
            '"ja ne"@mail.example',
            "<jane@mail.example>",
        ),
        *(
            "jane@mail.example,bob@mail.example",
            f"{'a' * 65}@mail.example",
            f"a@{'b' * 64}.example",
            "jöhn@mail.example",
        ),
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """Spaces, missing parts, misplaced dots, lists, quoted and literal forms are no addresses."""
    assert ascii_address(address) is None


def test_what_is_an_address_is_taken() -> None:
    """Tags, subdomains and a domain in another script, which goes out in ASCII."""
    assert ascii_address("jane.o'neil+tag@eu.mail.example") == "jane.o'neil+tag@eu.mail.example"
    assert ascii_address("jane@münchen.example") == "jane@xn--mnchen-3ya.example"


@pytest.mark.real_data
def test_addresses_agree_with_isemail() -> None:
    """No address that is_email calls an error is taken, and every one that it calls plainly valid is."""
    data = Path(os.environ.get("ACTIVATION_TEST_DATA", Path(__file__).parents[2].parent / "shared"))
    folders = (data / "messy", data / "data" / "messy")
    path = next((folder / ADDRESSES for folder in folders if (folder / ADDRESSES).exists()), None)
    if path is None:
        pytest.skip(f"messy/{ADDRESSES} is absent: set ACTIVATION_TEST_DATA")
    with path.open(encoding="utf-8", newline="") as file:
        cases = list(csv.DictReader(file))
    assert len(cases) > 100
    controls = {0x2400 + number: chr(number) for number in range(33)}
    taken = {case["address"]: ascii_address(case["address"].translate(controls)) is not None for case in cases}
    wrongly_taken = [case["address"] for case in cases if case["category"] == "ISEMAIL_ERR" and taken[case["address"]]]
    assert wrongly_taken == []
    plain = [case["address"] for case in cases if case["diagnosis"] == "ISEMAIL_VALID"]
    assert [address for address in plain if not taken[address]] == []
