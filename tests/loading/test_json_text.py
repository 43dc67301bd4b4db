import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activation.loading.json_text import normal_json
from activation.loading.mapping import Mapping
from activation.loading.workbench import Workbench

CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(CHARACTERS, max_size=6) | st.floats(0.01, 1e6)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS, max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "nan", "é", 'q"', ""]), VALUES, max_size=4)


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with Workbench(Mapping(), datetime(2026, 1, 1)) as opened:
        yield opened


def in_sql(bench: Workbench, text: str) -> Any:
    return bench.connection.execute("select normal_json($text)", {"text": text}).fetchall()[0][0]


@given(found=OBJECTS, indent=st.sampled_from([None, 1]), is_ascii=st.booleans(), is_sorted=st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_quick_way_agrees_with_the_plain_one(
    bench: Workbench, found: dict[str, Any], indent: int | None, is_ascii: bool, is_sorted: bool
) -> None:
    """However an object is written, SQL and Python give one text, which says the same."""
    separators = None if indent else (",", ":")
    text = json.dumps(found, indent=indent, ensure_ascii=is_ascii, sort_keys=is_sorted, separators=separators)
    normal = normal_json(text)
    assert in_sql(bench, text) == normal
    assert normal is not None
    assert json.loads(normal) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "1", "null", "{", "{}x", '{"a":1,}'),
        *('{"a":NaN}', '{"a":-Infinity}', '{"a":1e999}'),
        *('{"a":"\\ud800"}', '{"a":"\\u0000"}', '{"\\u0000":1}', '{"a":["b\\u0000"]}'),
        *('{"a":' * 101 + "1" + "}" * 101, '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
    ],
)
def test_what_is_no_object_is_refused(bench: Workbench, text: str) -> None:
    """Both ways refuse what strict JSON does not allow."""
    assert normal_json(text) is None
    assert in_sql(bench, text) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 100 + "1" + "}" * 100,
        json.dumps({"a": "[" * 200}),
        json.dumps({"a": '\\"{' * 200}),
        '{"a":"\\\\u0000"}',
    ],
)
def test_what_only_looks_wrong_is_taken(bench: Workbench, text: str) -> None:
    """Exactly as deep as allowed, brackets within a text, and the six characters of an escape that is none."""
    assert json.loads(str(normal_json(text))) == json.loads(text)
    assert in_sql(bench, text) == normal_json(text)


def test_repeated_keys_count_once(bench: Workbench) -> None:
    """The last one wins, in either way."""
    assert in_sql(bench, '{"a":1,"a":2}') == normal_json('{"a":1,"a":2}') == '{"a":2}'
