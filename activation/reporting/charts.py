"""Charts as Vega-Lite specifications: data in, no address of anything outside."""

from collections.abc import Mapping, Sequence
from typing import Any

Spec = dict[str, Any]
Row = Mapping[str, Any]
# Okabe and Ito's colours that have contrast on white and on black; told apart with every kind of colour vision.
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c8c8c", "#b3a125"]
SERIES_SHOWN = len(COLOURS) - 1
OTHER = "other"
ROW_HEIGHT = 30


def bars_by_day(rows: Sequence[Row], value: str, series: str) -> Spec:
    """Stacked bars per day, one colour per series; the smallest series beyond seven are one."""
    return {
        **_base(with_fewer_series(rows, value, series)),
        "height": 220,
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {"field": "day", "type": "temporal", "timeUnit": "utcyearmonthdate", "title": None},
            "y": {"field": value, "type": "quantitative", "aggregate": "sum", "title": None},
            "color": _colour(series),
        },
    }


def stacked_rows(rows: Sequence[Row], label: str, value: str, series: str) -> Spec:
    """One horizontal bar per label, divided by series."""
    shown = with_fewer_series(rows, value, series)
    labels = len({row[label] for row in shown})
    return {
        **_base(shown),
        "height": max(1, labels) * ROW_HEIGHT,
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": {"field": label, "type": "nominal", "title": None, "axis": {"labelLimit": 130}},
            "x": {"field": value, "type": "quantitative", "aggregate": "sum", "title": None, "axis": {"tickCount": 4}},
            "color": _colour(series),
        },
    }


def lines_by_day(rows: Sequence[Row], value: str, series: str) -> Spec:
    """A stepped line per series."""
    return {
        **_base(rows),
        "height": 200,
        "mark": {"type": "line", "interpolate": "step-after", "tooltip": True, "point": True},
        "encoding": {
            "x": {"field": "day", "type": "temporal", "timeUnit": "utcyearmonthdate", "title": None},
            "y": {"field": value, "type": "quantitative", "title": None},
            "color": _colour(series),
        },
    }


def intervals(rows: Sequence[Row]) -> Spec:
    """A point with its interval per label, and a line where there is no difference."""
    label = {"field": "experiment", "type": "nominal", "title": None, "axis": {"labelLimit": 130}}
    scale = {"title": "Difference in percentage points"}
    return {
        **_base(rows),
        "height": max(1, len(rows)) * (ROW_HEIGHT + 10),
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [4, 4], "color": "#8c8c8c"}, "encoding": {"x": {"datum": 0}}},
            {
                "mark": {"type": "rule", "strokeWidth": 3, "color": COLOURS[0], "tooltip": True},
                "encoding": {
                    "y": label,
                    "x": {"field": "low", "type": "quantitative", **scale},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 90,
                    "opacity": 1,
                    "color": COLOURS[0],
                    "tooltip": True,
                },
                "encoding": {"y": label, "x": {"field": "estimate", "type": "quantitative", **scale}},
            },
        ],
    }


def with_fewer_series(rows: Sequence[Row], value: str, series: str) -> list[Row]:
    """The rows, in which all but the largest seven series are called other."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row[series]] = totals.get(row[series], 0) + row[value]
    largest = sorted(totals, key=lambda name: (-totals[name], name))
    if len(largest) <= len(COLOURS):
        return list(rows)
    kept = set(largest[:SERIES_SHOWN])
    return [row if row[series] in kept else {**row, series: OTHER} for row in rows]


def _base(rows: Sequence[Row]) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "transparent",
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": {
            "range": {"category": COLOURS},
            "view": {"stroke": None},
            "axis": {"domain": False, "ticks": False, "gridOpacity": 0.25, "labelFontSize": 12, "titleFontSize": 12},
            "legend": {"orient": "bottom", "columns": 3, "title": None, "labelLimit": 330, "labelFontSize": 12},
            "font": "system-ui, sans-serif",
        },
        "data": {"values": [dict(row) for row in rows]},
    }


def _colour(series: str) -> Spec:
    return {"field": series, "type": "nominal", "title": None}
