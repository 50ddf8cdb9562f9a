"""ansible-runner in a sandbox: the files it is given and the command that starts it."""

from collections.abc import Mapping
from pathlib import Path

from services.runner.adapters.sandbox import SandboxStart
from services.runner.adapters.sandbox.command import RELAY_FOLDER, RUN_FOLDER


class AnsibleMissing(Exception):
    """There is no Ansible environment where the configuration says."""


class AnsibleRuntime:
    """The Ansible environment: a virtual environment of its own, never imported by a service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """Raise AnsibleMissing unless the environment is there."""
        if not (self._folder / "bin/ansible-runner").exists():
            raise AnsibleMissing(f"{self._folder}/bin/ansible-runner is not there; make it from locks/ansible.txt.")

    @property
    def mitogen_plugins(self) -> str:
        """The folder of mitogen's strategy plugins; raises AnsibleMissing where mitogen is not installed."""
        found = next(self._folder.glob("lib/python3*/site-packages/ansible_mitogen/plugins/strategy"), None)
        if found is None:
            raise AnsibleMissing(f"mitogen is not installed in {self._folder}.")
        return str(found)

    def start(
        self, name: str, files: Mapping[str, str], elements: Mapping[str, Path], relay_folder: Path
    ) -> SandboxStart:
        """Return what starts a run.

        ``files`` are texts by their path in the run's folder; ``elements`` maps paths below ``project/`` there to
        folders of this machine; ``relay_folder`` holds the hosts' sockets.
        """
        projected = [(source, f"{RUN_FOLDER}/project/{place}") for place, source in elements.items()]
        return SandboxStart(
            name=name,
            program=self._program(),
            files={f"{RUN_FOLDER}/{path}": text.encode() for path, text in files.items()},
            read_only=[*self._environment_mounts(), *projected, (relay_folder, RELAY_FOLDER)],
            environment={
                "PATH": f"{self._folder}/bin:/usr/bin:/bin",
                "HOME": "/tmp",
                "LANG": "C.UTF-8",
                "ANSIBLE_CONFIG": f"{RUN_FOLDER}/ansible.cfg",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )

    def _program(self) -> list[str]:
        options = ["-p", "site.yaml", "--json", "--ident", "run"]
        return [f"{self._folder}/bin/python", f"{self._folder}/bin/ansible-runner", "run", RUN_FOLDER, *options]

    def _environment_mounts(self) -> list[tuple[Path, str]]:
        """Return the environment and the Python it was made from, each at its own place."""
        python = (self._folder / "bin/python").resolve().parent.parent
        places = [self._folder] if python.is_relative_to("/usr") else [python, self._folder]
        return [(place, str(place)) for place in places]
