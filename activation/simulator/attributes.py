"""The JSON texts of what sectors write, column by column: keys sorted, compact, a null left out with its key."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from activation.simulator import documents
from activation.simulator.catalogue import CURRENCY, to_json
from activation.simulator.people import Bools, Ints

POUNDS = to_json(CURRENCY)


def document(**values: Any) -> Any:
    """One JSON object per row. Each value is a column of JSON texts, or one text for every row."""
    pieces: list[Any] = []
    for key in sorted(values):
        opening, value = f',"{key}":', values[key]
        if not isinstance(value, str) and value.null_count:
            pieces.append(pc.fill_null(documents.join(opening, value), ""))
        else:
            pieces += [opening, value]
    if isinstance(pieces[0], str):
        return documents.join("{", pieces[0][1:], *pieces[1:], "}")
    # The first key may be left out, so each row's first comma is looked for where it is.
    return documents.join("{", pc.utf8_slice_codeunits(documents.join(*pieces), 1), "}")


def named(prefix: str, numbers: Ints, width: int) -> Any:
    """Ids like `prefix-0042`, in quotes."""
    return documents.join(f'"{prefix}-', documents.digits(numbers, width), '"')


def customer(numbers: Ints) -> Any:
    return documents.join('"', documents.customer_ids(numbers), '"')


def time(instants: Ints) -> Any:
    """ISO 8601 in UTC to the millisecond, in quotes; null where the instant is 0."""
    instants = np.asarray(instants)
    moments = pa.array(instants // 1000, mask=instants == 0).cast(pa.timestamp("ms"))
    # Ten times as fast as formatting: the cast writes a blank between day and hour.
    return documents.join('"', pc.binary_replace_slice(moments.cast(pa.string()), 10, 11, "T"), 'Z"')


def flag(values: Bools) -> Any:
    return pc.if_else(pa.array(values), "true", "false")


def choice(options: Sequence[str], index: Ints) -> Any:
    """One of the options each, as a JSON text."""
    return pa.array([to_json(option) for option in options], type=pa.string()).take(pa.array(index))


def where(condition: Bools, texts: Any) -> Any:
    """The texts where the condition holds, null elsewhere."""
    return pc.if_else(pa.array(condition), texts, pa.scalar(None, pa.string()))
