"""The few calls of Airflow's REST API that the local tools need."""

import time
from collections.abc import Callable
from typing import Any

import requests

from activation.errors import ActivationError

FINISHED = ("success", "failed")


class AirflowApi:
    """A session with one Airflow; the password is used once, for a token."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = f"{url}/api/v2"
        self._session = requests.Session()
        answer = self._session.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=30)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **query: Any) -> Any:
        answer = self._session.get(f"{self._url}{path}", params=query, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def dag_ids(self) -> set[str]:
        return {dag["dag_id"] for dag in self.get("/dags", limit=100)["dags"]}

    def import_errors(self) -> list[str]:
        return [item["filename"] for item in self.get("/importErrors")["import_errors"]]

    def trigger(self, dag_id: str) -> str:
        answer = self._session.post(f"{self._url}/dags/{dag_id}/dagRuns", json={"logical_date": None}, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["dag_run_id"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.get(f"/dags/{dag_id}/dagRuns", order_by="-run_after", limit=50)["dag_runs"]
        return found

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=200)[
            "task_instances"
        ]
        return found

    def wait_for_run(self, dag_id: str, run_id: str, limit: float, tell: Callable[[str, str, float], None]) -> None:
        """Wait until a run ended, telling of each task that ends: task, state, seconds. Raises ActivationError."""
        told: set[str] = set()
        deadline = time.monotonic() + limit
        while True:
            state = self.get(f"/dags/{dag_id}/dagRuns/{run_id}")["state"]
            for task in self.tasks(dag_id, run_id):
                name = f"{task['task_id']}[{task['map_index']}]" if task["map_index"] >= 0 else task["task_id"]
                if task["state"] in (*FINISHED, "skipped", "upstream_failed") and name not in told:
                    told.add(name)
                    tell(name, task["state"], float(task["duration"] or 0))
            if state in FINISHED:
                break
            if time.monotonic() > deadline:
                raise ActivationError(f"{dag_id} did not end within {limit:.0f} s.", "Look at its tasks in the UI.")
            time.sleep(0.4)
        if state == "failed":
            raise ActivationError(f"{dag_id} failed.", "Its red task's log says why.")
