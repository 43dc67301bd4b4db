"""JSON as the raw tables hold it: an object as text, its keys sorted, nothing between them."""

import json
from typing import Any, NoReturn

import pyarrow as pa


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Deeper than anything that people mean; every parser on the way has a limit of its own, far above this one.
DEEPEST = 100
NUL = "\\u0000"

# Built once: `json.loads` and `json.dumps` with arguments build theirs anew for every call, half of the cost.
decode = json.JSONDecoder(parse_constant=_refused_constant).decode
written_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def parsed_json(text: str) -> Any:
    """What a JSON text says.

    Raises ValueError for a text that is not strict JSON (NaN is not), for one that nests more than `DEEPEST` deep, and
    for one with a NUL character, which not every warehouse can hold; RecursionError may come first.
    """
    if text.count("{") + text.count("[") > DEEPEST and _depth(text) > DEEPEST:
        raise ValueError(f"nests more than {DEEPEST} deep")
    found = decode(text)
    if NUL in text and "\0" in _characters(found):
        raise ValueError("has a NUL character")
    return found


def _depth(text: str) -> int:
    """How deep the brackets nest that do not stand within a text."""
    depth = deepest = 0
    is_text = is_escaped = False
    for character in text:
        if is_text:
            is_text = is_escaped or character != '"'
            is_escaped = not is_escaped and character == "\\"
        elif character == '"':
            is_text = True
        elif character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def _characters(found: object) -> str:
    """Every text within a parsed value, keys included, as one."""
    if isinstance(found, str):
        return found
    if isinstance(found, dict):
        return "".join(_characters(part) for pair in found.items() for part in pair)
    return "".join(map(_characters, found)) if isinstance(found, list) else ""


def normal_json(text: str) -> str | None:
    """A JSON object in its normal form; None for anything else, NaN and lone surrogates included."""
    try:
        found = parsed_json(text)
        if not isinstance(found, dict):
            return None
        normal = written_json(found)
        normal.encode()
    except (ValueError, RecursionError):
        return None
    return normal


def sorted_json(texts: pa.ChunkedArray) -> pa.Array:
    """`normal_json` of many."""
    return pa.array([None if text is None else normal_json(text) for text in texts.to_pylist()], pa.string())
