"""A customer at work: everything by the command `cloudpoint`, as anybody would type it."""

import os
import re
import subprocess
import sys
from pathlib import Path

from lab.launcher.accounts import CUSTOMER, Accounts
from lab.launcher.processes import ServerFailed
from lab.launcher.settings import REPOSITORY, Settings

CLUSTER = "demo"
USER = "alice"
CREATE_DEADLINE_SECONDS = 240.0
DELETE_DEADLINE_SECONDS = 60.0
COMMAND_DEADLINE_SECONDS = 60.0
_RANK = re.compile(r"^rank (\d+) of (\d+) on (\S+): the ranks sum to (\d+)$", re.MULTILINE)


class Customer:
    """One customer with settings of the command, and an SSH key, of their own."""

    def __init__(self, settings: Settings, accounts: Accounts) -> None:
        self._settings = settings
        self._folder = settings.state / "customer"
        self._password = next(login for login in accounts.logins() if login.email == CUSTOMER).password_file

    @property
    def _key(self) -> Path:
        return self._folder / "id_ed25519"

    def log_in(self) -> None:
        """Make an SSH key, log in, and leave the key's public half with the platform."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", CUSTOMER, "-f", str(self._key)]
        subprocess.run(make, check=True, stdin=subprocess.DEVNULL, timeout=COMMAND_DEADLINE_SECONDS)
        password = self._password.read_text() + "\n"
        self._show("login", "--url", self._settings.public_url, "--email", CUSTOMER, "--password-stdin", text=password)
        self._show("key", "add", "laptop", str(self._key.with_suffix(".pub")))

    def create_cluster(self, compute_hosts: int) -> None:
        """Order a Slurm cluster and watch it until it is ready."""
        self._show(
            *("cluster", "create", CLUSTER, "--blueprint", "slurm", "--user", USER),
            *("--set", f"compute_count={compute_hosts}", "--wait"),
            deadline_seconds=CREATE_DEADLINE_SECONDS,
        )

    def delete_cluster(self) -> None:
        """Hand the cluster back and watch until it is gone."""
        self._show("cluster", "delete", CLUSTER, "--yes", "--wait", deadline_seconds=DELETE_DEADLINE_SECONDS)

    def on_cluster(self, command: str, text: str = "") -> str:
        """Run a shell command on the head; prints and returns what it printed. Raises ServerFailed."""
        arguments = ("cluster", "ssh", CLUSTER, "--user", USER, "--identity", str(self._key), "--", command)
        done = self._run(arguments, text, capture=True, deadline_seconds=COMMAND_DEADLINE_SECONDS)
        print(done.stdout, end="", flush=True)
        return done.stdout

    def run_mpi(self, source: Path, hosts: int, ranks: int) -> int:
        """Compile an MPI program on the head and run it by Slurm; returns how many ranks answered rightly."""
        name = source.stem
        self.on_cluster(f"cat >{name}.c && mpicc -O2 -o {name} {name}.c", text=source.read_text())
        output = self.on_cluster(f"srun -N{hosts} -n{ranks} ./{name}")
        right = {
            rank
            for rank, size, _, total in _RANK.findall(output)
            if int(size) == ranks and int(total) == ranks * (ranks - 1) // 2
        }
        return len(right)

    def _show(self, *arguments: str, text: str = "", deadline_seconds: float = COMMAND_DEADLINE_SECONDS) -> None:
        """Run the command on this terminal, after showing what is typed."""
        print("$ cloudpoint", " ".join(arguments), flush=True)
        self._run(arguments, text, capture=False, deadline_seconds=deadline_seconds)

    def _run(
        self, arguments: tuple[str, ...], text: str, *, capture: bool, deadline_seconds: float
    ) -> "subprocess.CompletedProcess[str]":
        what = f"`cloudpoint {' '.join(arguments[:2])}`"
        path = os.pathsep.join([str(REPOSITORY / "clients" / "cli"), os.environ.get("PYTHONPATH", "")]).rstrip(
            os.pathsep
        )
        try:
            done = subprocess.run(
                [sys.executable, "-m", "cloudpoint", *arguments],
                input=text,
                stdout=subprocess.PIPE if capture else None,
                text=True,
                timeout=deadline_seconds,
                env={**os.environ, "PYTHONPATH": path, "CLOUDPOINT_CONFIG": str(self._folder)},
            )
        except subprocess.TimeoutExpired as late:
            raise ServerFailed(f"{what} did not end in {deadline_seconds:.0f} s.") from late
        if done.returncode != 0:
            raise ServerFailed(f"{what} ended with exit code {done.returncode}.\n{done.stdout or ''}")
        return done
