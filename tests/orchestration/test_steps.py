"""What a task's log says, and how its process ends."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from activation.errors import ActivationError, BusyError, PolicyError

pytestmark = pytest.mark.airflow

# What Airflow does with a task: a fork that forgets what was registered, the body, what was registered since, the end.
TASK = """
import atexit, multiprocessing, os
from activation.orchestration.steps import step

kept = []
child = os.fork()
if child == 0:
    atexit._clear()
    step(lambda: kept.append(multiprocessing.get_context("spawn").RLock()))()
    atexit._run_exitfuncs()
    os._exit(0)
raise SystemExit(os.waitpid(child, 0)[1])
"""


@pytest.mark.parametrize("error", [PolicyError, BusyError])
def test_the_log_says_what_is_wrong_and_what_to_do(
    error: type[ActivationError], airflow_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Both stand there as lines of their own, whether the task is tried again or not."""
    from activation.orchestration.steps import step

    @step
    def body() -> None:
        raise error("The field is wrong.", "Correct it.")

    with pytest.raises(Exception, match=r"The field is wrong\. Correct it\."):
        body()
    said = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert said == [(logging.ERROR, "The field is wrong."), (logging.ERROR, "Correct it.")]


def test_a_task_leaves_nothing_behind(airflow_home: Path) -> None:
    """A lock that a library keeps, as dbt does, is not reported as leaked when the task's process ends."""
    done = subprocess.run([sys.executable, "-c", TASK], capture_output=True, text=True, check=True)
    assert "leaked" not in done.stderr
