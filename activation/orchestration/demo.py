"""The demo: a small shop's day, run by the real DAGs in a real Airflow, from events to messages in an inbox.

The first time it makes the shop's past, launches the triggers, lets one day pass and runs again; after that it only
runs again, and since nothing new happened, nothing is sent.
"""

import json
import os
import subprocess
import sys
import time

import click

from activation.errors import ActivationError
from activation.orchestration.api import FINISHED, AirflowApi
from activation.orchestration.local import LocalAirflow, local_environ, stop_all

FOLLOWERS = ("deliver_messages", "sync_audiences", "publish_reports")
RUN_LIMIT = 300.0


class Demo:
    """One demo run: its Airflow, its inbox and the clock on the wall."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.airflow = LocalAirflow({**environ, "ACTIVATION_SCHEDULE": "by_hand"})
        self.started = time.monotonic()
        self._processes: list[int] = []

    def play(self) -> None:
        is_new = not (self.airflow.settings.home / "simulator").exists()
        if is_new:
            self.tell("A shop is made: 1,200 customers and 120 days of events")
            self.activation("simulate", "--customers", "1200", "--days", "120")
        before = self.accepted()
        self.tell("Airflow starts (scheduler, DAG processor, triggerer, API and UI)")
        self.start()
        api = self.airflow.api()
        self.wait_for_dags(api)
        if is_new:
            self.cycle(api, "The history is loaded and the triggers are launched: what lies before is never sent")
            self.activation("simulate", "--advance", "1d")
            self.cycle(api, "One day later: new events, decisions, messages")
        else:
            self.cycle(api, "The shop is there already and nothing new happened: the same DAGs run again")
        self.close(before)

    def start(self) -> None:
        self.airflow.prepare()
        self._processes.append(self.airflow.spawn_service("inbox").pid)
        self._processes += self.airflow.start()

    def wait_for_dags(self, api: AirflowApi) -> None:
        deadline = time.monotonic() + 60
        while not {"build_models", *FOLLOWERS} <= api.dag_ids():
            if time.monotonic() > deadline:
                broken = ", ".join(api.import_errors()) or "none is broken, look at the log"
                raise ActivationError(f"Airflow does not list the DAGs: {broken}.", f"See {self.airflow.log}.")
            time.sleep(0.5)

    def cycle(self, api: AirflowApi, title: str) -> None:
        """Run build_models and wait for the DAGs that it sets off."""
        self.tell(title)
        seen = {dag: {run["dag_run_id"] for run in api.runs(dag)} for dag in FOLLOWERS}
        run_id = api.trigger("build_models")
        api.wait_for_run("build_models", run_id, RUN_LIMIT, self.tell_task("build_models"))
        for dag in FOLLOWERS:
            follower = self.wait_for_new(api, dag, seen[dag])
            api.wait_for_run(dag, follower, RUN_LIMIT, self.tell_task(dag))

    def wait_for_new(self, api: AirflowApi, dag: str, seen: set[str]) -> str:
        deadline = time.monotonic() + 60
        while True:
            new = [run["dag_run_id"] for run in api.runs(dag) if run["dag_run_id"] not in seen]
            if new:
                return str(new[-1])
            if time.monotonic() > deadline:
                raise ActivationError(f"{dag} was not set off.", f"See {self.airflow.log}.")
            time.sleep(0.4)

    def activation(self, *arguments: str) -> str:
        """Run one command of ours and return what it says."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "activation.cli", *arguments],
            env=self.airflow.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ActivationError(done.stderr.strip() or f"activation {arguments[0]} failed.")
        return done.stdout

    def accepted(self) -> int:
        states = json.loads(self.activation("ledger", "status", "--json"))["states"]
        return int(states.get("accepted", 0))

    def close(self, before: int) -> None:
        from activation.simulator.inbox import write_index_page

        write_index_page(self.airflow.settings.inbox_path)
        click.echo(f"\n{self.activation('summary')}")
        click.echo(f"Messages sent by this demo: {self.accepted() - before}")
        click.echo(f"It took {time.monotonic() - self.started:.0f} s. `make up` starts Airflow's UI and the inbox.")

    def end(self) -> None:
        stop_all(self._processes)

    def tell(self, text: str) -> None:
        click.echo(f"[{time.monotonic() - self.started:4.0f} s] {text}")

    def tell_task(self, dag: str) -> "Teller":
        return Teller(self, dag)


class Teller:
    """Says that a task of a DAG ended."""

    def __init__(self, demo: Demo, dag: str) -> None:
        self.demo, self.dag = demo, dag

    def __call__(self, task: str, state: str, seconds: float) -> None:
        if state in FINISHED:
            self.demo.tell(f"  {self.dag}.{task}: {state} ({seconds:.1f} s)")


def main() -> int:
    """Play the demo; returns the exit code."""
    demo = Demo(local_environ(os.environ))
    try:
        demo.play()
    except ActivationError as error:
        click.secho(f"Error: {error}", fg="red", err=True)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    finally:
        demo.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
