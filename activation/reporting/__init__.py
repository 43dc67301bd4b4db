"""Statistics, charts, pages."""
