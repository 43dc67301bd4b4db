"""JSON as the raw tables hold it: an object as text, its keys sorted, nothing between them."""

import json
from typing import NoReturn

import pyarrow as pa


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Built once: `json.loads` and `json.dumps` with arguments build theirs anew for every call, half of the cost.
parsed_json = json.JSONDecoder(parse_constant=_refused_constant).decode
written_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


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
