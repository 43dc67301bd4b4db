"""Warehouse-native trigger marketing: the engine that takes what dbt decided to the channels and brings back what came of it."""

__version__ = "0.1.0"
