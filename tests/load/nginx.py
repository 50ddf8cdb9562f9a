"""nginx before one service, with the gateway's own decision by ``auth_request``: what the gateway is compared with."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.launcher.platform import Platform
from lab.launcher.processes import wait_until
from lab.launcher.readiness import listens, look
from lab.launcher.settings import REPOSITORY

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_PORT_ABOVE_PUBLIC = 300
"""How far above the public listener's nginx listens; the decider is next to it."""
_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream service {{ server 127.0.0.1:{service}; keepalive 256; keepalive_requests 1000000000; }}
  upstream decider {{ server 127.0.0.1:{decider}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    location / {{
      auth_request /_decide;
      auth_request_set $pass $upstream_http_x_pass;
      auth_request_set $proof $upstream_http_x_cloudpoint_proof;
      auth_request_set $trace $upstream_http_x_trace;
      proxy_set_header Connection "";
      proxy_set_header Authorization $pass;
      proxy_set_header X-Cloudpoint-Proof $proof;
      proxy_set_header traceparent $trace;
      proxy_pass http://service;
    }}
    location = /_decide {{
      internal;
      proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_set_header Connection "";
      proxy_pass http://decider/decide$request_uri;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Front:
    """A running nginx with its decider."""

    url: str
    pids: tuple[int, ...]


@contextlib.contextmanager
def before(platform: Platform, service: str) -> Iterator[Front]:
    """Run nginx and a decider before ``service`` while the block runs."""
    port = int(platform.settings.public_url.rpartition(":")[2]) + _PORT_ABOVE_PUBLIC
    with tempfile.TemporaryDirectory(prefix="cloudpoint-nginx-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "nginx.conf").write_text(
            _CONFIGURATION.format(
                folder=folder, port=port, decider=port + 1, service=platform.settings.port_of(service)
            )
        )
        decider = stack.enter_context(_running(_decider(platform, folder, port + 1), folder))
        nginx = stack.enter_context(_running(["nginx", "-c", str(folder / "nginx.conf")], folder))
        if not wait_until(lambda: listens(port) and look(port + 1, "/readyz")[0] == 200, _START_SECONDS):
            raise RuntimeError(f"nginx or its decider did not start:\n{(folder / 'log').read_text()[-2000:]}")
        yield Front(f"http://127.0.0.1:{port}", (decider, nginx, *_children(nginx)))


def _decider(platform: Platform, folder: Path, port: int) -> list[str]:
    """The decider's command; it runs on the gateway's own configuration, with ports of its own."""
    content = yaml.safe_load((platform.settings.state / "config" / "gateway.yaml").read_text())
    content["listen"]["port"] = port
    path = folder / "decider.yaml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content))
    return [sys.executable, "-m", "tests.load.decider", "serve", "--config", str(path)]


@contextlib.contextmanager
def _running(command: list[str], folder: Path) -> Iterator[int]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=REPOSITORY)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _children(pid: int) -> tuple[int, ...]:
    return tuple(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
