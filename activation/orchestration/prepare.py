"""One idempotent command that makes what Airflow needs: its metadata database and the pools."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from activation.errors import ActivationError
from activation.settings import Settings


def prepare(environ: Mapping[str, str]) -> None:
    """Migrate the metadata database and write the pools. Raises ActivationError with Airflow's last line."""
    from activation.orchestration.signals import WAREHOUSE_POOL, pools

    run_airflow(environ, "db", "migrate")
    wanted = {
        name: {
            "slots": slots,
            "description": "One writer at a time" if name == WAREHOUSE_POOL else "One slot per shard",
            "include_deferred": False,
        }
        for name, slots in pools(Settings.from_environ(environ)).items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pools.json"
        path.write_text(json.dumps(wanted), encoding="utf-8")
        run_airflow(environ, "pools", "import", str(path))


def run_airflow(environ: Mapping[str, str], *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-m", "airflow", *arguments], env=dict(environ), capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ActivationError(f"airflow {arguments[0]} failed: {' '.join(last)}.", "Mend what it names and repeat.")


if __name__ == "__main__":
    prepare(os.environ)
