"""What a sector remembers of things that are not finished, as columns of its memory."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from activation.simulator.people import Bools, Ints
from activation.simulator.sectors import Memory


class Remembered:
    """The unfinished things of one kind: an array per column, an element per thing."""

    def __init__(self, memory: Memory, kind: str, columns: Mapping[str, type]) -> None:
        self._memory = memory
        self._kind = kind
        self._columns = columns
        for column, of_type in columns.items():
            memory.setdefault(self._key(column), np.zeros(0, dtype=of_type))

    def __len__(self) -> int:
        return len(self[next(iter(self._columns))])

    def __getitem__(self, column: str) -> Any:
        """The column itself: what is assigned to its elements is remembered."""
        return self._memory[self._key(column)]

    def numbers(self, count: int, kind: str | None = None) -> Ints:
        """The next `count` numbers of this kind of thing, or of one that belongs to it; none is ever given twice."""
        key = f"{kind or self._kind}.free"
        free = int(self._memory.get(key, np.array(1)))
        self._memory[key] = np.array(free + count, dtype=np.int64)
        return free + np.arange(count, dtype=np.int64)

    def add(self, **values: Any) -> Ints:
        """Remember more things; a column that is not given is 0. Returns their places."""
        before, (count,) = len(self), np.broadcast_shapes((1,), *(np.shape(value) for value in values.values()))
        for column, of_type in self._columns.items():
            more: Any = np.broadcast_to(np.asarray(values.get(column, 0)).astype(of_type), (count,))
            self._memory[self._key(column)] = np.concatenate([self[column], more])
        return before + np.arange(count, dtype=np.int64)

    def forget(self, finished: Bools) -> None:
        """The places of the others move up."""
        if finished.any():
            for column in self._columns:
                self._memory[self._key(column)] = self[column][~finished]

    def _key(self, column: str) -> str:
        return f"{self._kind}.{column}"


class Sheet:
    """Rows of change as numbers, column by column, collected so that their texts are made once for many."""

    def __init__(self, *columns: str) -> None:
        self._parts: dict[str, list[Ints]] = {column: [] for column in columns}

    def add(self, **values: Any) -> None:
        """More rows; a single number stands for all of them."""
        (count,) = np.broadcast_shapes((1,), *(np.shape(value) for value in values.values()))
        for column, parts in self._parts.items():
            parts.append(np.array(np.broadcast_to(values[column], (count,)), dtype=np.int64))

    def __getitem__(self, column: str) -> Ints:
        parts = self._parts[column]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def grown(memory: Memory, name: str, count: int, of_type: type, *shape: int) -> Any:
    """An array of the memory with at least `count` elements, of `shape` each; new ones are 0.

    It grows by more than is needed, since people come every day.
    """
    array = memory.get(name, np.zeros((0, *shape), dtype=of_type))
    if len(array) < count:
        array = np.concatenate([array, np.zeros((count + count // 4 - len(array), *shape), dtype=of_type)])
        memory[name] = array
    return array
