"""The real ssh, with the platform as its way to the host."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cloudpoint.command import exits, settings
from cloudpoint.command.exits import Stop
from cloudpoint.command.parameters import account_of
from cloudpoint.command.session import Session
from cloudpoint.generated import types


def run(
    session: Session,
    cluster: types.Cluster,
    host: str | None,
    user: str | None,
    identity: Path | None,
    command: Sequence[str],
) -> int:
    """Run ssh to a host of the cluster; returns its exit code."""
    name = host or _front(cluster)
    arguments = ["ssh", *(f"-o{option}" for option in options(cluster, name))]
    if identity:
        arguments += ["-i", str(identity)]
    target = f"{user or _account(session, cluster)}@{name}"
    return subprocess.run([*arguments, target, "--", *command], check=False).returncode


def options(cluster: types.Cluster, host: str) -> list[str]:
    """Return ssh's options for a host: the way there, and host keys in a file of the cluster's own."""
    known_hosts = settings.folder() / "known_hosts" / cluster.id
    known_hosts.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return [
        f"ProxyCommand={_way(cluster.id, host)}",
        f"HostKeyAlias={cluster.id}-{host}",
        f"UserKnownHostsFile={known_hosts}",
        "StrictHostKeyChecking=accept-new",
        "LogLevel=ERROR",
    ]


def config(session: Session, cluster: types.Cluster) -> str:
    """Return a snippet for ~/.ssh/config with an entry for each host."""
    user = _account(session, cluster)
    entries = []
    for host in cluster.hosts or []:
        lines = [f"User {user}", *(option.replace("=", " ", 1) for option in options(cluster, host.name))]
        entries.append("\n    ".join([f"Host {host.name}", *lines]))
    return "\n\n".join(entries)


def _account(session: Session, cluster: types.Cluster) -> str:
    """Return whom to log in as: oneself if one has an account there, else the only account that there is."""
    accounts = [user["name"] for user in session.client.plans.show(cluster.plan_id).parameters.get("users", [])]
    mine = account_of(session.client.sessions.me().email)
    if mine in accounts or not accounts:
        return mine
    if len(accounts) > 1:
        raise Stop(exits.USAGE, f"Say --user: {cluster.name} has accounts for {', '.join(accounts)}.")
    return str(accounts[0])


def _way(cluster_id: str, host: str) -> str:
    """Return the command that is the way to a host; ssh runs it wherever and whenever it likes."""
    command = [sys.executable, "-m", "cloudpoint", "connect", cluster_id, host]
    if settings.folder() != settings.DEFAULT_FOLDER:
        command = ["env", f"CLOUDPOINT_CONFIG={settings.folder().absolute()}", *command]
    return f"{shlex.join(command)} %p"


def _front(cluster: types.Cluster) -> str:
    for output in cluster.outputs.values():
        if output.get("kind") == "ssh" and output.get("hosts"):
            return str(output["hosts"][0]["name"])
    if len(cluster.hosts or []) == 1 or cluster.state == "ready":
        return str((cluster.hosts or [])[0].name)
    raise Stop(exits.NOT_FOUND, f"{cluster.name} has no host to log in to yet: it is {cluster.state}.")
