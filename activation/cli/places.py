"""What a deployment is and shows: its summary, its health, its documentation, its endpoint."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from activation.cli.main import JSON, asked, main, opened, say


@main.command()
@JSON
def summary(as_json: bool) -> None:
    """Say what is there: events, occurrences, decisions, messages, and where to look.

    \b
    Example: activation summary
    """
    result = asked("summary")
    say(result, as_json, summary_lines)


def summary_lines(result: Mapping[str, Any]) -> str:
    from activation.reporting.summary import describe

    places = [f"{name.replace('_', ' '):<10} {address}" for name, address in result["places"].items()]
    return "\n".join([describe(result), *places])


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8085, show_default=True, type=click.IntRange(0, 65535))
def serve(host: str, port: int) -> None:
    """Answer unsubscribe links (RFC 8058) and write the suppressions, which the next claim respects.

    \b
    Example: activation serve --port 8085
    """
    from activation import operations

    with opened() as app:
        app.settings.require_signing_key()
        click.echo(f"Listening on http://{host}:{port}", err=True)
        operations.serve(app, host, port)


@main.command()
@JSON
def doctor(as_json: bool) -> None:
    """Say what is configured, what is missing, and what to do; exit 1 when something must be done.

    A warning is about what is legal and looks like a mistake, such as a cap that no trigger can meet.

    \b
    Example: activation doctor
    """
    from activation.doctor import examine

    findings = examine()
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings]))
    else:
        for finding in findings:
            state = "WARNING" if finding.is_warning else "ok     " if finding.is_fine else "MISSING"
            click.echo(f"{state} {finding.what}: {finding.says}")
            if finding.remedy:
                click.echo(f"          → {finding.remedy}")
    sys.exit(0 if all(finding.is_fine for finding in findings) else 1)


@main.command()
def docs() -> None:
    """Write dbt's documentation of every model as one offline page, and the policy reference of this project.

    Beside the reference stands a JSON schema, by which editors check and complete the policies in the models' YAML.

    \b
    Example: activation docs
    """
    from activation.policy import editor_schema, reference

    with opened() as app:
        pages = {
            "policy.md": reference(app.project.variables()),
            "policy.schema.json": json.dumps(editor_schema(app.project.house()), indent=2) + "\n",
        }
        folder = app.settings.project / "docs"
        folder.mkdir(exist_ok=True)
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
        click.echo(f"The models' documentation is {app.project.write_docs()}")
        click.echo(f"The policy reference is {folder / 'policy.md'}, its schema {folder / 'policy.schema.json'}")
