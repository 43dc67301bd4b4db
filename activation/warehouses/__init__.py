"""One file per warehouse: read Arrow batches, append, no business rule."""
