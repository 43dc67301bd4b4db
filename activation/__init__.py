"""Warehouse-native trigger marketing: the engine that delivers what dbt decided and brings back what came of it."""

__version__ = "0.1.0"
