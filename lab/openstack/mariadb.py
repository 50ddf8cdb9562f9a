"""A private MariaDB from Debian's binaries: loopback only, all files in one folder, root by its socket alone."""

import shutil
import subprocess
from pathlib import Path

from lab.launcher.processes import ServerFailed, tail, wait_until

SERVER = Path("/usr/sbin/mariadbd")
INSTALL_DEADLINE_SECONDS = 60.0
STATEMENT_DEADLINE_SECONDS = 30.0
# Relative to the data folder: a path of a socket has 107 bytes at most (unix(7)).
SOCKET = "mariadb.sock"
OPTIONS = (
    "--bind-address=127.0.0.1",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--max-connections=600",
    "--innodb-buffer-pool-size=128M",
    "--innodb-log-file-size=32M",
    # The log is written with every commit and flushed once a second: a killed server loses nothing.
    "--innodb-flush-log-at-trx-commit=2",
    "--performance-schema=off",
)


class PrivateMariadb:
    """One server. ``folder`` keeps its data, ``log`` is where it writes what happens."""

    def __init__(self, folder: Path, port: int, log: Path) -> None:
        self.folder = folder.absolute()
        self.port = port
        self._log = log

    @property
    def command(self) -> tuple[str, ...]:
        """The command line of the server, which stays in the foreground."""
        places = (f"--datadir={self.folder}", f"--socket={SOCKET}", f"--pid-file={self.folder / 'mariadb.pid'}")
        return (str(SERVER), "--no-defaults", "--user=root", *places, f"--port={self.port}", *OPTIONS)

    def initialised(self) -> bool:
        """Say whether the data folder holds a database."""
        return (self.folder / "mysql").exists()

    def initialise(self) -> None:
        """Make an empty data folder. Raises ServerFailed."""
        if not SERVER.exists():
            raise ServerFailed(f"{SERVER} is missing: install Debian's package mariadb-server-core.")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        command = [
            *("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}", "--user=root", "--skip-test-db"),
            *("--auth-root-authentication-method=socket", "--auth-root-socket-user=root", "--skip-name-resolve"),
            "--innodb-log-file-size=32M",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_DEADLINE_SECONDS, check=False)
        if done.returncode != 0:
            raise ServerFailed(f"mariadb-install-db failed: {done.stdout[-1000:]}{done.stderr[-1000:]}")

    def answers(self) -> bool:
        """Say whether it takes statements."""
        return self._run("select 1").returncode == 0

    def wait(self, deadline_seconds: float) -> None:
        """Wait until it takes statements. Raises ServerFailed."""
        if not wait_until(self.answers, deadline_seconds):
            raise ServerFailed(f"MariaDB does not answer after {deadline_seconds:.0f} s:\n{tail(self._log)}")

    def execute(self, statements: str) -> str:
        """Run statements as root; returns what they select, with tabs. Raises ServerFailed."""
        done = self._run(statements)
        if done.returncode != 0:
            raise ServerFailed(f"MariaDB refused a statement: {done.stderr.strip()}")
        return done.stdout

    def ensure_databases(self, passwords: dict[str, str], databases: dict[str, str]) -> None:
        """Make databases that are missing, and their users; ``databases`` names the user of each."""
        statements = [f"create database if not exists {name} character set utf8mb4;" for name in databases]
        for user, password in passwords.items():
            statements.append(f"create or replace user {user}@'127.0.0.1' identified by '{password}';")
        for name, user in databases.items():
            statements.append(f"grant all on {name}.* to {user}@'127.0.0.1';")
        self.execute("\n".join(statements))

    def _run(self, statements: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["mariadb", "--no-defaults", "--batch", "--skip-column-names", "-S", SOCKET, "-u", "root"],
            input=statements,
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=STATEMENT_DEADLINE_SECONDS,
            check=False,
        )
