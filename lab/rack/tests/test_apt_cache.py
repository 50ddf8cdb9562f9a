"""The package cache of one folder."""

import shutil
import socket
from pathlib import Path

import pytest

from lab.rack.apt_cache import AptCache
from lab.rack.tests.bench import free_ports

pytestmark = pytest.mark.skipif(not shutil.which("apt-cacher-ng"), reason="apt-cacher-ng is not installed")


def test_a_taken_port_is_left_to_whoever_has_it(tmp_path: Path) -> None:
    port = free_ports(2)
    with socket.create_server(("127.0.0.1", port)):
        first, second = AptCache(tmp_path), AptCache(tmp_path)
        with first.running(port) as answering:
            assert answering != port
            with second.running(port) as shared:
                assert shared == answering
            socket.create_connection(("127.0.0.1", answering), timeout=1).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", answering), timeout=1)
