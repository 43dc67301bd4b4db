"""What a ledger of an older version lacks, added when it is opened: one step per version, each in words that every
database knows. A step never takes anything away, so that a backup can be restored and opened again.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, select, text, update

from activation.ledger import tables

STEPS: Mapping[int, tuple[str, ...]] = {
    # 2: a message's own subject and offer, what a digest carries, and the answers to plans (a table of its own).
    2: (
        "alter table messages add column subject text",
        "alter table messages add column offer text",
        "alter table messages add column items text",
    ),
}


def migrate(connection: Connection) -> int:
    """Bring an older ledger to this program's version, in the caller's transaction; returns the version it had.

    Whoever comes second waits for the counters' row and finds nothing left to do.
    """
    connection.execute(select(tables.counters).with_for_update()).all()
    found: int = connection.execute(select(tables.meta.c.schema_version)).scalars().first() or tables.SCHEMA_VERSION
    if found >= tables.SCHEMA_VERSION:
        return found
    for version in range(found + 1, tables.SCHEMA_VERSION + 1):
        for statement in STEPS[version]:
            connection.execute(text(statement))
    tables.metadata.create_all(connection)
    connection.execute(update(tables.meta).values(schema_version=tables.SCHEMA_VERSION))
    return found
