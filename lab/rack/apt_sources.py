"""The lab's mirror policy: machines install from the Debian mirrors that this host itself uses, through the cache."""

import subprocess
from dataclasses import dataclass

from lab.rack.errors import RackError

CODENAME = "bookworm"
RELEASES = (CODENAME, f"{CODENAME}-updates", f"{CODENAME}-security")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Source:
    """One Debian archive: where it is, which release of it, and its components."""

    uri: str
    release: str
    components: tuple[str, ...]

    def line(self) -> str:
        """The one-line form of sources.list(5); TLS mirrors are fetched by the cache, which then can keep them."""
        uri = self.uri
        if uri.startswith("https://"):
            uri = "http://HTTPS///" + uri.removeprefix("https://")
        return f"deb [signed-by={KEYRING}] {uri} {self.release} {' '.join(self.components)}"


def parse_targets(text: str) -> list[Source]:
    """Debian archives among `apt-get indextargets` lines of `uri release component`; others are left out.

    An archive of a third party that names its suite like Debian's is told apart by its component.
    """
    components: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) != 3 or fields[1] not in RELEASES or fields[2] != "main":
            continue
        components.setdefault((fields[0], fields[1]), []).append(fields[2])
    return [Source(uri, release, tuple(names)) for (uri, release), names in components.items()]


def host_sources() -> list[Source]:
    """The host's own Debian archives.

    Raises:
        RackError: The host has none for the release that machines run.
    """
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    sources = parse_targets(listed.stdout)
    if not any(source.release == CODENAME for source in sources):
        raise RackError(f"This host's apt has no Debian {CODENAME} archive, which the machines' image is made of.")
    return sources


def host_proxy() -> str:
    """The host's own `Acquire::http::Proxy`, or an empty string: the cache goes out the way the host does."""
    command = ["apt-config", "dump", "--format", "%v%n", "Acquire::http::Proxy"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    value = shown.stdout.strip()
    return "" if value in ("", "DIRECT", "false") else value
