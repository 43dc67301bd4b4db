"""The deployment's own settings."""

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from activation.config import QualityConfig, parse_duration, read_config
from activation.errors import ConfigError
from activation.model import Channel
from activation.quality import Limits

GOOD = """
brands: {default: {name: Shop, site_url: https://shop.example}}
senders: {shop: {name: Shop, address: hello@shop.example}}
destinations:
  inbox: {kind: smtp, channel: email, connection: "smtp://127.0.0.1:2525"}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "activation.yml").write_text(text)
    return folder


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """Brands, senders and destinations come back typed."""
    config = read_config(write(tmp_path, GOOD))
    assert config.destination_for(Channel.EMAIL) == "inbox"
    assert config.destinations["inbox"].shards == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (GOOD + "colour: red\n", "colour"),
        (GOOD.replace("kind: smtp, ", ""), "destinations.inbox.kind"),
        (GOOD.replace("smtp://127", "smtp://user:secret@127"), "password"),
        (GOOD.replace("channel: email", "channel: carrier_pigeon"), "destinations.inbox.channel"),
        (GOOD + "quality: {volume_floor: 0}\n", "quality.volume_floor"),
        ("brands: [", "not valid YAML"),
        ("", "top level"),
    ],
)
def test_a_fault_is_refused_by_file_and_field(tmp_path: Path, text: str, named: str) -> None:
    """Every refusal names the file, the field and a remedy, and no secret."""
    with pytest.raises(ConfigError) as caught:
        read_config(write(tmp_path, text))
    assert named in str(caught.value)
    assert "activation.yml" in str(caught.value)
    assert caught.value.remedy
    assert "secret" not in str(caught.value)


def test_limits_of_the_gates_can_be_set(tmp_path: Path) -> None:
    """What is not set stays the gates' own, and every limit that may be set is one of theirs."""
    config = read_config(write(tmp_path, GOOD + "quality: {volume_floor: 50000, freshness: 48h}\n"))
    limits = Limits(**config.quality.model_dump(exclude_none=True))
    assert (limits.volume_floor, limits.freshness) == (50_000, timedelta(hours=48))
    assert limits.volume_factor == Limits().volume_factor
    assert set(QualityConfig.model_fields) <= {field.name for field in fields(Limits)}


def test_an_absent_file_names_the_remedy(tmp_path: Path) -> None:
    """A newcomer in the wrong folder is told so."""
    with pytest.raises(ConfigError, match="does not exist"):
        read_config(tmp_path)


def test_a_channel_without_destination_is_an_error(tmp_path: Path) -> None:
    """Nobody's message is dropped because no destination was configured."""
    with pytest.raises(ConfigError, match="sms"):
        read_config(write(tmp_path, GOOD)).destination_for(Channel.SMS)


def test_durations_are_read_with_their_unit() -> None:
    """A number and a unit, forwards or backwards."""
    assert parse_duration("4h") == timedelta(hours=4)
    assert parse_duration("-2d") == timedelta(days=-2)
    for wrong in ("4", "h", "4 hours", "", None, 4):
        with pytest.raises(ValueError, match="is not a duration"):
            parse_duration(wrong)
