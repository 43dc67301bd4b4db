"""Great Expectations suites and gates."""
