"""What the shop must remember to go on: one file, replaced as a whole."""

import io
import json
import zipfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from activation.errors import InputError
from activation.simulator.files import TABLES, empty_table
from activation.simulator.people import Bools, Ints, People
from activation.simulator.scenario import Scenario, scenario_named
from activation.simulator.sectors import Memory
from activation.simulator.truth import Truth

FORMAT = 2
SECTORS = "sectors/"
TRADE = ("price", "usual_price", "stock", "untold")
SCALARS = "scalars.json"


@dataclass
class Counters:
    """The next free numbers."""

    stretch: int = 0
    visit: int = 1
    device: int = 1
    customer: int = 1
    event: int = 1


@dataclass
class State:
    """The shop at an instant.

    `waiting` holds the rows that happened, or will, but have not arrived yet; `memory` what each sector remembers.
    """

    seed: int
    customers: int
    instant: int
    scenario: Scenario
    counters: Counters
    people: People
    price: Ints
    usual_price: Ints
    stock: Ints
    untold: Bools  # the products whose last change is not written down yet
    waiting: dict[str, pa.Table] = field(default_factory=lambda: {table: empty_table(table) for table in TABLES})
    truth: Truth = field(default_factory=Truth)
    memory: dict[str, Memory] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.part")
        scalars = {
            "format": FORMAT,
            "seed": self.seed,
            "customers": self.customers,
            "instant": self.instant,
            "scenario": self.scenario.name,
            "opening": self.scenario.opening,
            "triggers": self.truth.triggers,
            "figures": self.truth.figures,
            "counters": asdict(self.counters),
        }
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            _put(archive, SCALARS, json.dumps(scalars, sort_keys=True).encode())
            for name, array in {**self.people.arrays(), **{name: getattr(self, name) for name in TRADE}}.items():
                _put(archive, f"{name}.npy", _array_bytes(array))
            for sector, memory in sorted(self.memory.items()):
                for name, array in sorted(memory.items()):
                    _put(archive, f"{SECTORS}{sector}/{name}.npy", _array_bytes(array))
            for table, rows in self.waiting.items():
                _put(archive, f"{table}.arrow", _table_bytes(rows))
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> "State":
        """Raises InputError when there is no state, or one that this version cannot read."""
        if not path.exists():
            raise InputError(f"There is no demo shop at {path}.", "Create one first: `activation simulate`.")
        with zipfile.ZipFile(path) as archive:
            scalars = json.loads(archive.read(SCALARS))
            if scalars["format"] != FORMAT:
                raise InputError(f"{path} was written by another version.", "Remove it and create the shop anew.")
            arrays = {item.name: _array(archive, item.name) for item in fields(People)}
            return cls(
                seed=scalars["seed"],
                customers=scalars["customers"],
                instant=scalars["instant"],
                scenario=scenario_named(scalars["scenario"], scalars["opening"]),
                counters=Counters(**scalars["counters"]),
                people=People(**arrays),
                **{name: _array(archive, name) for name in TRADE},
                waiting={table: _table(archive, table) for table in TABLES},
                truth=Truth(scalars["triggers"], scalars["figures"]),
                memory=_memory(archive),
            )


def _memory(archive: zipfile.ZipFile) -> dict[str, Memory]:
    found: dict[str, Memory] = {}
    for path in archive.namelist():
        if path.startswith(SECTORS):
            sector, _, name = path.removeprefix(SECTORS).removesuffix(".npy").partition("/")
            found.setdefault(sector, {})[name] = _array(archive, path.removesuffix(".npy"))
    return found


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A fixed date: the same state has the same bytes.
    archive.writestr(zipfile.ZipInfo(name), content)


def _array_bytes(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _array(archive: zipfile.ZipFile, name: str) -> Any:
    return np.load(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)


def _table_bytes(rows: pa.Table) -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_file(buffer, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    return buffer.getvalue()


def _table(archive: zipfile.ZipFile, table: str) -> pa.Table:
    return pa.ipc.open_file(pa.BufferReader(archive.read(f"{table}.arrow"))).read_all()
