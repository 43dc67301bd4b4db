"""The list of reasons stands in the documentation as the models have it."""

import re
from pathlib import Path
from typing import Any

import jinja2

ROOT = Path(__file__).parents[2]
MACRO = ROOT / "dbt_project/macros/decisions/decision_reasons.sql"
PAGE = ROOT / "docs/decisions.md"
OPEN = {"send": "until it comes back"}


def reasons() -> list[dict[str, Any]]:
    """The rows that the macro returns, without dbt."""
    returned: list[Any] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=True)
    environment.globals["return"] = returned.append
    module: Any = environment.from_string(MACRO.read_text(encoding="utf-8")).module
    module.decision_reasons()
    rows: list[dict[str, Any]] = returned[0]
    return rows


def table() -> list[str]:
    """The lines that the page must have."""
    return [
        f"| `{row['reason']}` | `{row['verdict']}` | {OPEN.get(row['verdict'], 'yes' if row['is_final'] else 'no')} "
        f"| {row['description']} |"
        for row in reasons()
    ]


def test_every_reason_is_documented_as_it_is() -> None:
    """docs/decisions.md lists the reasons in the order of the macro, with verdict and meaning."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"<!-- reasons -->\n(.*?)<!-- end of reasons -->", text, re.DOTALL)
    assert found is not None
    assert found[1].strip().splitlines()[2:] == table(), "the page must read:\n" + "\n".join(table())


def test_no_reason_stands_there_twice() -> None:
    """A reason has one meaning."""
    names = [row["reason"] for row in reasons()]
    assert len(names) == len(set(names))
