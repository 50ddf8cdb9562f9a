"""A customer at work: everything by the command `cloudpoint`, as anybody would type it."""

import re
import subprocess
from pathlib import Path

from lab.launcher.accounts import CUSTOMER, Accounts
from lab.launcher.command import COMMAND_DEADLINE_SECONDS, Command
from lab.launcher.settings import Settings

CLUSTER = "demo"
USER = "alice"
# A build takes about a minute; on real OpenStack, with two cores for everything and others at work, many.
CREATE_DEADLINE_SECONDS = 1200.0
DELETE_DEADLINE_SECONDS = 600.0
_RANK = re.compile(r"^rank (\d+) of (\d+) on (\S+): the ranks sum to (\d+)$", re.MULTILINE)


class Customer:
    """One customer with settings of the command, and an SSH key, of their own."""

    def __init__(self, settings: Settings, accounts: Accounts) -> None:
        self._settings = settings
        self._folder = settings.state / "customer"
        self._command = Command(self._folder)
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
        self._command.show(
            "login", "--url", self._settings.public_url, "--email", CUSTOMER, "--password-stdin", text=password
        )
        self._command.show("key", "add", "laptop", str(self._key.with_suffix(".pub")))

    def create_cluster(self, compute_hosts: int) -> None:
        """Order a Slurm cluster and watch it until it is ready."""
        self._command.show(
            *("cluster", "create", CLUSTER, "--blueprint", "slurm", "--user", USER),
            *("--set", f"compute_count={compute_hosts}", "--wait"),
            deadline_seconds=CREATE_DEADLINE_SECONDS,
        )

    def delete_cluster(self) -> None:
        """Hand the cluster back and watch until it is gone."""
        self._command.show("cluster", "delete", CLUSTER, "--yes", "--wait", deadline_seconds=DELETE_DEADLINE_SECONDS)

    def on_cluster(self, command: str, text: str = "") -> str:
        """Run a shell command on the head; prints and returns what it printed. Raises ServerFailed."""
        arguments = ("cluster", "ssh", CLUSTER, "--user", USER, "--identity", str(self._key), "--", command)
        printed = self._command.output(*arguments, text=text)
        print(printed, end="", flush=True)
        return printed

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
