"""A PostgreSQL server of the tests' own, for those that ask for it: one per process, one database per test."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

MISSING = "PostgreSQL's programs are not installed: apt install postgresql"
# The tests throw the data away, so nothing needs to reach the disk; and no result may depend on the locale.
SERVER_OPTIONS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "listen_addresses": "",
    "max_connections": "40",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "synchronous_commit": "off",
    "timezone": "Asia/Tokyo",
    "wal_level": "minimal",
    "work_mem": "16MB",
}


class PostgresServer:
    """A server in a folder of its own that listens on a socket there and asks for a password."""

    def __init__(self, programs: Path, folder: Path, account: str | None) -> None:
        self.programs, self.folder, self.account = programs, folder, account
        self.password = secrets.token_hex(8)
        self._databases = 0
        self._initialise()
        settings = {**SERVER_OPTIONS, "unix_socket_directories": str(folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._control("start", "--log", str(folder / "log"), "--options", options)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://activation:{self.password}@/{database}?host={quote(str(self.folder))}"

    def new_database(self) -> str:
        """The URL of an empty database, made as the documentation tells people to."""
        self._databases += 1
        name = f"shop_{self._databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"create database {name} template template0")  # type: ignore[call-overload]
        return self.url(name)

    def stop(self) -> None:
        self._control("stop", "--mode=immediate")

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        if self.account:
            for path in (self.folder, secret):
                shutil.chown(path, self.account)
        help_text = subprocess.run([self.programs / "initdb", "--help"], capture_output=True, text=True, check=True)
        # Words in the order of a language, as many databases have them; what we build must not follow it.
        words = ["--locale-provider=icu", "--icu-locale=en-US"] if "--icu-locale" in help_text.stdout else []
        command = [
            *(self.programs / "initdb", "-D", self.folder / "data", "--username=activation", f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", *words),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, user=self.account)
        assert done.returncode == 0, done.stderr

    def _control(self, verb: str, *options: str) -> None:
        command = [self.programs / "pg_ctl", verb, "--wait", "--silent", "-D", self.folder / "data", *options]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False, user=self.account)
        log = self.folder / "log"
        assert done.returncode == 0, log.read_text() if log.exists() else verb


def postgres_programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    program = found[-1] if found else Path(on_path).resolve() if on_path else None
    return program.parent if program and (program.parent / "postgres").exists() else None


def server_account() -> str | None:
    """PostgreSQL refuses to run as root, so root starts it as somebody else."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        # Where everything must be tested, a skip would be a hole that nobody sees.
        (pytest.fail if os.environ.get("ACTIVATION_REQUIRE_POSTGRES") else pytest.skip)(MISSING)
    # Not below pytest's folder, which no other account may enter.
    folder = Path(tempfile.mkdtemp(prefix="activation_postgres_"))
    try:
        server = PostgresServer(programs, folder, server_account())
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def new_postgres(postgres_server: PostgresServer) -> Callable[[], str]:
    """Makes an empty database and gives its URL."""
    return postgres_server.new_database


@pytest.fixture
def postgres_url(new_postgres: Callable[[], str]) -> str:
    """The URL of an empty database of this test alone."""
    return new_postgres()
