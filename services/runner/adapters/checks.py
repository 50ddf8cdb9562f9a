"""Where the files of blueprints' checks come from: the catalogue of the blueprint service."""

from pathlib import Path

from services.chassis.auth.credentials import Mandate
from services.contracts.runs import RunCheck
from services.runner.adapters.archives import Archives
from services.runner.exceptions import CheckMissing


class Checks:
    """Checks as they were published with their blueprint."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    async def fetch_check(self, check: RunCheck, mandate: Mandate) -> Path:
        """Return the folder that a check's playbook is in; raises CheckMissing, or the blueprint service's problem."""
        path = f"/internal/blueprints/{check.blueprint}/versions/{check.version}/archive"
        folder = await self._archives.fetch(path, check.owner, mandate)
        if not (folder / check.playbook).is_file():
            raise CheckMissing(f"The blueprint {check.blueprint} {check.version} has no {check.playbook}.")
        return folder
