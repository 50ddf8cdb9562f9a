"""An operator at work: looks at the machines by the command `cloudpoint`."""

import json
import time

from lab.launcher.accounts import OPERATOR, Accounts
from lab.launcher.command import Command
from lab.launcher.processes import ServerFailed
from lab.launcher.settings import Settings

FREE = "available"
# Cleaning of a machine goes on after its cluster is gone; on real Ironic that takes some ten seconds.
FREE_DEADLINE_SECONDS = 300.0
LOOK_EVERY_SECONDS = 1.0


class Operator:
    """One operator with settings of the command of their own."""

    def __init__(self, settings: Settings, accounts: Accounts) -> None:
        self._settings = settings
        self._command = Command(settings.state / "operator")
        self._password = next(login for login in accounts.logins() if login.email == OPERATOR).password_file

    def log_in(self) -> None:
        """Log in at the public address, and remember the operators' one."""
        addresses = ("--url", self._settings.public_url, "--operator-url", self._settings.operator_url)
        password = self._password.read_text() + "\n"
        self._command.show("login", *addresses, "--email", OPERATOR, "--password-stdin", text=password)

    def wait_until_free(self) -> None:
        """Wait until every machine can be used again, then show them all. Raises ServerFailed."""
        end = time.monotonic() + FREE_DEADLINE_SECONDS
        while taken := {name: state for name, state in self._states().items() if state != FREE}:
            if time.monotonic() > end:
                told = ", ".join(f"{name} is {state}" for name, state in sorted(taken.items()))
                raise ServerFailed(f"Machines are not {FREE} {FREE_DEADLINE_SECONDS:.0f} s after the delete: {told}.")
            time.sleep(LOOK_EVERY_SECONDS)
        self._command.show("node", "list")

    def _states(self) -> dict[str, str]:
        nodes = json.loads(self._command.output("node", "list", "-o", "json"))["items"]
        return {node["name"]: node["state"] for node in nodes}
