"""A Slurm job that leaves a mark each second, on a cluster that nobody touches."""

import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise

from cloudpoint.generated import types
from tests.e2e.faults.scene import Scene
from tests.e2e.platform import ROOT, awaited

_MARKS = "job-marks"
_LONGEST_PAUSE_SECONDS = 5


@dataclass
class Job:
    """One job of a user of a cluster."""

    scene: Scene
    cluster: types.Accepted
    number: str
    begun_at: float

    @classmethod
    def begun(cls, scene: Scene, cluster: types.Accepted) -> "Job":
        """Hand a job in and wait until it runs."""
        script = f"rm -f {_MARKS}; while true; do date +%s >> {_MARKS}; sleep 1; done"
        number = _as_alice(scene, cluster, f"sbatch --parsable --time=60 --wrap '{script}'").strip()
        job = cls(scene, cluster, number, time.time())
        awaited(job.marks, bool, 60)
        return job

    def marks(self) -> list[int]:
        """Return the seconds at which it left a mark."""
        found = _as_alice(self.scene, self.cluster, f"cat {_MARKS} 2>/dev/null || true")
        return [int(line) for line in found.split()]

    def went_on(self) -> None:
        """It runs still and never paused; then it is cancelled."""
        assert "RUNNING" in _as_alice(self.scene, self.cluster, f"squeue --noheader --jobs {self.number} -o %T")
        marks = self.marks()
        pauses = [later - earlier for earlier, later in pairwise(marks)]
        assert max(pauses) <= _LONGEST_PAUSE_SECONDS, max(pauses)
        assert time.time() - marks[-1] <= _LONGEST_PAUSE_SECONDS
        _as_alice(self.scene, self.cluster, f"scancel {self.number}")


def _as_alice(scene: Scene, cluster: types.Accepted, command: str) -> str:
    """Run a command on the head as a user, by the command line of the platform."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(scene.key_file.parent),
        "PYTHONPATH": str(ROOT / "clients/cli"),
        "CLOUDPOINT_CONFIG": str(scene.key_file.parent),
        "CLOUDPOINT_URL": scene.platform.public_url,
        "CLOUDPOINT_TOKEN": str(scene.customer.transport.token),
    }
    options = ["--user", "alice", "--identity", str(scene.key_file), cluster.cluster_id]
    line = [sys.executable, "-m", "cloudpoint", "cluster", "ssh", *options, "--", command]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
