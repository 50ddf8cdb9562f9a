"""What Ansible is given for a run: one playbook of all elements and checks, an inventory, settings. Pure text, no disk.

Values come from customers. They are written as data that Ansible never evaluates (``!unsafe``), so that braces in a
parameter are braces on the host.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from services.contracts.runs import RunHost, StartRun
from services.runner.domain.ansible_event import end_of
from services.runner.domain.element_order import Entry

PLAYBOOK = "site.yaml"
LIBRARY = "library"
PHASES = ("apply", "verify", "revert")
EVERYBODY = "cluster"
"""The inventory's group of all hosts; beside it is one group a role."""

Secrets = Mapping[tuple[str, str], str]
"""The values of secrets, by element and local name."""


@dataclass(frozen=True)
class AnsibleSettings:
    """How Ansible works: hosts at once, seconds to connect, and whether mitogen carries the modules.

    ``mitogen_plugins`` is the folder of mitogen's strategy plugins; None means Ansible's own way.
    """

    forks: int
    connect_seconds: int
    mitogen_plugins: str | None = None


class _Unsafe(str):
    pass


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


def playbook(run: StartRun, entries: Sequence[Entry], alive: set[str], secrets: Secrets) -> str:
    """Return one playbook of ``entries`` in order, each for its hosts that are ``alive``.

    After each element stands an empty play: reaching it is how an element's end is known.
    """
    plays: list[dict[str, Any]] = []
    for entry in entries:
        hosts = entry.hosts_of(alive)
        if hosts:
            plays.append(_import(run, entry, hosts, secrets))
            plays.append({"name": end_of(entry.key), "hosts": hosts, "gather_facts": False, "tasks": []})
    return yaml.dump(plays, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def inventory(run: StartRun, user: str) -> str:
    """Return all hosts of the cluster, also those that this run does not touch: elements read about each other."""
    hosts = {host.name: _host_variables(host) for host in run.hosts}
    roles = sorted({host.role for host in run.hosts})
    groups: dict[str, Any] = {role: {"hosts": _named(run.hosts, role)} for role in roles if role != EVERYBODY}
    groups[EVERYBODY] = {"hosts": hosts, "vars": {"ansible_user": user}}
    return yaml.dump({"all": {"children": groups}}, Dumper=_Dumper, sort_keys=False, width=1_000_000)


def library(number: int) -> str:
    """Return the place in the project of one folder of shared modules."""
    return f"{LIBRARY}-{number}"


def settings(ansible: AnsibleSettings, run_id: str, libraries: Sequence[str]) -> str:
    """Return ``ansible.cfg``; ``libraries`` are places in the project, the first one wins."""
    lines = [
        "[defaults]",
        f"forks = {ansible.forks}",
        f"timeout = {ansible.connect_seconds}",
        "gathering = explicit",
        "interpreter_python = /usr/bin/python3",
        *_library(libraries),
        "local_tmp = /tmp/ansible",
        "nocolor = True",
        "nocows = True",
        "retry_files_enabled = False",
        "deprecation_warnings = False",
        *_strategy(ansible),
        "[ssh_connection]",
        "pipelining = True",
        "transfer_method = piped",
        "control_path_dir = /tmp/ssh",
        f"ssh_args = {_ssh_arguments(ansible, run_id)}",
    ]
    return "\n".join(lines) + "\n"


def known_hosts(run: StartRun) -> str:
    """Return the pinned keys of all hosts, in the form of sshd(8)."""
    return "".join(f"{host.name} {key}\n" for host in run.hosts for key in host.host_keys)


def _library(libraries: Sequence[str]) -> list[str]:
    """Say where shared modules are. An empty setting would mean the run's folder, and all that lies in it."""
    places = ":".join(f"/run/cloudpoint/project/{place}" for place in libraries)
    return [f"library = {places}"] if places else []


def _strategy(ansible: AnsibleSettings) -> list[str]:
    if ansible.mitogen_plugins is None:
        return []
    return [f"strategy_plugins = {ansible.mitogen_plugins}", "strategy = mitogen_linear"]


def _ssh_arguments(ansible: AnsibleSettings, run_id: str) -> str:
    """Return ssh's options. The relay's socket stands for the host; ``SetEnv`` marks what the run starts there.

    sshd takes ``LC_*`` from clients as Debian configures it, and sudo passes it on.
    """
    options = {
        "ControlMaster": "auto",
        "ControlPersist": "60s",
        "IdentityFile": "/run/cloudpoint/ssh/key",
        "CertificateFile": "/run/cloudpoint/ssh/key-cert.pub",
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
        "UserKnownHostsFile": "/run/cloudpoint/ssh/known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "4",
        "SetEnv": f"{MARK}={run_id}",
        "ProxyCommand": '"socat - UNIX-CONNECT:/relay/%h.sock"',
    }
    return "-F none " + " ".join(f"-o {name}={value}" for name, value in options.items())


MARK = "LC_CLOUDPOINT_RUN"
"""The environment variable that marks every process which a run starts on a host."""


def _import(run: StartRun, entry: Entry, hosts: list[str], secrets: Secrets) -> dict[str, Any]:
    return {
        "import_playbook": f"elements/{entry.key}/{entry.playbook(run.phase)}",
        "vars": {
            "element_hosts": hosts,
            "element": data(entry.part.values),
            "secret": {name: data(secrets[entry.name, name]) for name in entry.secrets},
            "cluster": data({**run.facts, "id": run.cluster.id, "name": run.cluster.name}),
        },
    }


def _host_variables(host: RunHost) -> dict[str, Any]:
    variables = {"cluster_hostname": host.name, "cluster_address": host.address, **host.variables}
    return {**{str(name): data(value) for name, value in variables.items()}, "ansible_host": host.name}


def _named(hosts: Sequence[RunHost], role: str) -> dict[str, None]:
    return {host.name: None for host in hosts if host.role == role}


def data(value: Any) -> Any:
    """Return ``value`` with every text in it marked as data that is never evaluated."""
    if isinstance(value, str):
        return _Unsafe(value)
    if isinstance(value, Mapping):
        return {str(key): data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [data(item) for item in value]
    return value
