"""Who is tied to whom, against a union-find in plain Python, on every warehouse."""

import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
MACRO = ROOT / "dbt_project/macros/identity/connected_components.sql"
EXAMPLES = int(os.environ.get("ACTIVATION_UNITS_EXAMPLES", "1"))

Pair = tuple[int, str]
PAIRS = st.integers(1, 30).flatmap(
    lambda size: st.lists(st.tuples(st.integers(1, size), st.integers(1, size).map(str)), max_size=2 * size)
)


def query(rounds: int) -> str:
    module: Any = jinja2.Environment().from_string(MACRO.read_text(encoding="utf-8")).module
    return str(module.connected_components("ties", rounds))


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The components of given ties, as the warehouse finds them."""
    create = "create temporary table ties (member bigint, tie text)"
    if request.param == "duckdb":
        with duckdb.connect() as connection:
            connection.execute(create)
            yield lambda pairs, rounds=5: _found(connection, _append, pairs, rounds)
        return
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(request.getfixturevalue("new_postgres")(), autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute(create)
        yield lambda pairs, rounds=5: _found(cursor, _copy, pairs, rounds)


def _found(connection: Any, write: Callable[[Any, list[Pair]], None], pairs: list[Pair], rounds: int) -> dict[int, int]:
    connection.execute("delete from ties")
    write(connection, pairs)
    connection.execute(query(rounds))
    return dict(connection.fetchall())


def _append(connection: Any, pairs: list[Pair]) -> None:
    columns = {"member": [member for member, _ in pairs], "tie": [tie for _, tie in pairs]}
    connection.register("rows", pa.table(columns, pa.schema([("member", pa.int64()), ("tie", pa.string())])))
    connection.execute("insert into ties select * from rows")


def _copy(cursor: Any, pairs: list[Pair]) -> None:
    with cursor.copy("copy ties from stdin") as copy:
        for pair in pairs:
            copy.write_row(pair)
    cursor.execute("analyze ties")


def components(pairs: list[Pair]) -> dict[int, int]:
    """Of every member the smallest of all that it is tied to, however far."""
    parents: dict[Any, Any] = {}

    def root(name: Any) -> Any:
        while parents.setdefault(name, name) != name:
            parents[name] = name = parents[parents[name]]
        return name

    for member, tie in pairs:
        parents[root(member)] = root(tie)
    groups = defaultdict(set)
    for member, _ in pairs:
        groups[root(member)].add(member)
    smallest = {name: min(group) for name, group in groups.items()}
    return {member: smallest[root(member)] for member, _ in pairs}


@settings(max_examples=60 * EXAMPLES, deadline=None, database=None)
@given(pairs=PAIRS, rounds=st.sampled_from([1, 2, 5]))
def test_any_ties_give_the_components(warehouse: Any, pairs: list[Pair], rounds: int) -> None:
    """Whatever is tied to whatever, and however little the rounds leave to the recursion."""
    assert warehouse(pairs, rounds) == components(pairs)


@pytest.mark.parametrize("length", [300, 20_000])
def test_a_chain_is_one(warehouse: Any, length: int) -> None:
    """Each of many shares something with the next only."""
    members = random.Random(length).sample(range(length), length)
    pairs = [(member, f"t{number + side}") for number, member in enumerate(members) for side in (0, 1)]
    assert warehouse(pairs) == dict.fromkeys(members, 0)


def test_a_hub_is_one(warehouse: Any) -> None:
    """Tens of thousands share one thing, or one of them shares something with each: pairs of them would be millions."""
    members = random.Random(1).sample(range(40_000), 40_000)
    half = len(members) // 2
    pairs = [(member, "account") for member in members[:half]]
    centre = members[half]
    pairs += [(name, f"t{member}") for member in members[half + 1 :] for name in (centre, member)]
    found = warehouse(pairs)
    assert found == components(pairs)
    assert len(set(found.values())) == 2
