from activation.warehouses.schema import CHANGE_TABLES, RAW, SCHEMAS, quoted, statements


def test_types_are_those_every_warehouse_knows() -> None:
    """No table uses a type that one SQL warehouse spells differently."""
    kinds = {kind for tables in SCHEMAS.values() for columns in tables.values() for _, kind in columns}
    assert kinds == {"text", "bigint", "boolean", "timestamp"}


def test_every_change_table_has_the_same_columns() -> None:
    """One row per change looks the same for all things that change."""
    assert CHANGE_TABLES
    assert len({SCHEMAS[RAW][table] for table in CHANGE_TABLES}) == 1


def test_schemas_are_created_before_their_tables() -> None:
    """The statements can be run in their order."""
    kinds = [statement.split()[1] for statement in statements()]
    assert kinds == sorted(kinds)


def test_identifiers_are_quoted() -> None:
    """A name with a quote in it stays one name."""
    assert quoted("raw", 'a"b') == '"raw"."a""b"'
