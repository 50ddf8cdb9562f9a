"""What status says of servers that were given by their address."""

import socket

from lab.launcher.status import given_server


def test_a_given_server_is_ready_when_it_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        line = given_server("postgres", f"postgresql://somebody:secret@127.0.0.1:{port}/x", 5432)
    assert line and line.ready and str(port) in line.remark and "secret" not in line.remark
    gone = given_server("postgres", f"postgresql://somebody:secret@127.0.0.1:{port}/x", 5432)
    assert gone and not gone.ready and "refused" in gone.remark and "secret" not in gone.remark
    assert given_server("postgres", None, 5432) is None
