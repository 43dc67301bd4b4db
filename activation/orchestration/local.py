"""A full Airflow on this machine, on loopback only: `make up` leaves it running, `make down` stops it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click
import requests

from activation.errors import ActivationError, BusyError
from activation.orchestration.api import AirflowApi
from activation.orchestration.prepare import prepare
from activation.settings import Settings

START_LIMIT = 120.0
PARTS = (
    ("api-server",),
    ("scheduler", "--skip-serve-logs"),
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),
)
PORT_VARIABLES = {
    "airflow": "ACTIVATION_AIRFLOW_PORT",
    "inbox_smtp": "ACTIVATION_INBOX_SMTP_PORT",
    "inbox_page": "ACTIVATION_INBOX_PORT",
    "unsubscribe": "ACTIVATION_SERVE_PORT",
}
DEMO_KEY = "simulation-only-key-of-the-loopback-demo"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the local servers listen, on 127.0.0.1."""

    airflow: int = 8080
    inbox_smtp: int = 2525
    inbox_page: int = 8025
    unsubscribe: int = 8085

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Ports":
        chosen = {name: environ.get(variable) for name, variable in PORT_VARIABLES.items()}
        return cls(**{name: int(port) for name, port in chosen.items() if port})


def local_environ(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of every local process: the simulation, on loopback, with Airflow's state below our home."""
    environ = dict(base)
    ports = Ports.from_environ(environ)
    environ.setdefault("ACTIVATION_ENVIRONMENT", "simulation")
    environ.setdefault("ACTIVATION_PUBLIC_URL", f"http://127.0.0.1:{ports.unsubscribe}")
    environ.setdefault("ACTIVATION_DESTINATION_INBOX", f"smtp://127.0.0.1:{ports.inbox_smtp}")
    if environ["ACTIVATION_ENVIRONMENT"] == "simulation":
        environ.setdefault("ACTIVATION_SIGNING_KEY", DEMO_KEY)
    settings = Settings.from_environ(environ)
    environ["ACTIVATION_PROJECT"] = str(settings.project)
    environ["ACTIVATION_HOME"] = str(settings.home)
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}"
    environ.update(_airflow_environ(settings, ports))
    return environ


def _airflow_environ(settings: Settings, ports: Ports) -> dict[str, str]:
    url = f"http://127.0.0.1:{ports.airflow}"
    return {
        "AIRFLOW_HOME": str(settings.home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.project / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(ports.airflow),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DO_NOT_TRACK": "1",
    }


class LocalAirflow:
    """The parts of an Airflow, each a process group of its own, and what stands beside it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = local_environ(environ)
        self.settings = Settings.from_environ(self.environ)
        self.ports = Ports.from_environ(self.environ)
        self.home = Path(self.environ["AIRFLOW_HOME"])
        self.url = f"http://127.0.0.1:{self.ports.airflow}"

    @property
    def log(self) -> Path:
        return self.home / "airflow.log"

    @property
    def pids(self) -> Path:
        return self.home / "local.pids"

    def services(self) -> dict[str, list[str]]:
        """The commands that stand beside Airflow: the demo's inbox and the endpoint that answers unsubscribe links."""
        ports = self.ports
        return {
            "inbox": ["inbox", "--smtp-port", str(ports.inbox_smtp), "--port", str(ports.inbox_page)],
            "serve": ["serve", "--port", str(ports.unsubscribe)],
        }

    def spawn_service(self, name: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{name}.log").open("ab") as log:
            return self.spawn([sys.executable, "-m", "activation.cli", *self.services()[name]], log)

    def prepare(self) -> None:
        """Migrate the metadata database and make the pools. Safe to repeat."""
        self.home.mkdir(parents=True, exist_ok=True)
        prepare(self.environ)

    def start(self) -> list[int]:
        """Start everything, wait until it answers, return the process groups. Raises ActivationError when it does not.

        The parts are started one by one because `airflow standalone` opens its log servers on every interface.
        """
        if self.answers():
            raise BusyError(
                f"Something answers on {self.url} already.", "Stop it (make down) or set ACTIVATION_AIRFLOW_PORT."
            )
        started = []
        for part in PARTS:
            with self.log.open("ab") as log:
                started.append(self.spawn([sys.executable, "-m", "airflow", *part], log))
        deadline = time.monotonic() + START_LIMIT
        while not self.answers():
            ended = any(process.poll() is not None for process in started)
            if ended or time.monotonic() > deadline:
                stop_all([process.pid for process in started])
                raise ActivationError("Airflow did not start.", f"Its log is {self.log}.")
            time.sleep(0.3)
        return [process.pid for process in started]

    def spawn(self, command: list[str], log: BinaryIO) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own, so that its children end with it."""
        return subprocess.Popen(  # noqa: S603 - our own commands
            command,
            env=self.environ,
            cwd=self.settings.project,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def answers(self) -> bool:
        try:
            health = requests.get(f"{self.url}/api/v2/monitor/health", timeout=3).json()
        except (requests.RequestException, ValueError):
            return False
        parts = ("metadatabase", "scheduler", "dag_processor")
        return all((health.get(part) or {}).get("status") == "healthy" for part in parts)

    def api(self) -> AirflowApi:
        return AirflowApi(self.url, "admin", self.password())

    def password(self) -> str:
        """The password that Airflow generated for this machine's `admin`."""
        generated = self.home / "simple_auth_manager_passwords.json.generated"
        return str(json.loads(generated.read_text(encoding="utf-8"))["admin"])


def stop_all(groups: Sequence[int], limit: float = 10.0) -> None:
    """End process groups: all of them politely at once, then what is left for good."""
    for number, wait in ((signal.SIGTERM, limit), (signal.SIGKILL, 5.0)):
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, number)
        deadline = time.monotonic() + wait
        while any(_lives(group) for group in groups):
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)


def _lives(group: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(group, os.WNOHANG)
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def up(airflow: LocalAirflow) -> None:
    """Start Airflow, the inbox and the unsubscribe endpoint, leave them running, and say where they are."""
    airflow.prepare()
    started = [airflow.spawn_service(name).pid for name in airflow.services()]
    try:
        started += airflow.start()
    except ActivationError:
        stop_all(started)
        raise
    airflow.pids.write_text("\n".join(map(str, started)), encoding="utf-8")
    ports = airflow.ports
    click.echo(f"Airflow      {airflow.url}   user admin, password {airflow.password()}")
    click.echo(f"Inbox        http://127.0.0.1:{ports.inbox_page}")
    click.echo(f"Unsubscribe  http://127.0.0.1:{ports.unsubscribe}/health")
    click.echo(f"Report       {airflow.settings.report_path.as_uri()}")
    click.echo(f"Data Docs    {airflow.settings.data_docs_path.as_uri()}")
    click.echo("It keeps running; `make down` stops it.")


def down(airflow: LocalAirflow) -> None:
    """Stop what `up` left running."""
    if not airflow.pids.exists():
        click.echo("Nothing runs.")
        return
    stop_all([int(pid) for pid in airflow.pids.read_text(encoding="utf-8").split()])
    airflow.pids.unlink()
    click.echo("Stopped.")


@click.command()
@click.argument("what", type=click.Choice(["up", "down"]), default="up")
def main(what: str) -> None:
    """A full Airflow on this machine, on loopback only."""
    airflow = LocalAirflow(os.environ)
    try:
        (up if what == "up" else down)(airflow)
    except ActivationError as error:
        click.secho(f"Error: {error}", fg="red", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
