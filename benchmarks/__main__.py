"""Run every benchmark beside this file: each `bench_*.py` has a `main()` that prints its own lines."""

import importlib
import pkgutil

import benchmarks


def main() -> None:
    """Run them in the order of their names."""
    for module in sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__)):
        if module.startswith("bench_"):
            print(f"== {module.removeprefix('bench_')}")
            importlib.import_module(f"benchmarks.{module}").main()


if __name__ == "__main__":
    main()
