"""The reader that runs in machines, as far as it can run anywhere."""

import base64
import gzip
from pathlib import Path

import pytest

from lab.rack.config_drive_reader import network, user_data
from lab.rack.config_drive_reader.drive import read_drive, read_iso
from lab.rack.tests.config_drives import config_drive, iso, meta_data, network_data

META = meta_data("one", "head.example.org", "ssh-ed25519 AAAA key")
NETWORK = network_data("10.99.1.10", "10.99.1.1")


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file in the console's place."""
    console = tmp_path / "console"
    monkeypatch.setattr("lab.rack.config_drive_reader.console.CONSOLE", console)
    return console


def test_the_drive_is_found_by_its_label(tmp_path: Path) -> None:
    (tmp_path / "cd").write_bytes(iso("BOOT", {"openstack/latest/meta_data.json": b'{"uuid": "wrong"}'}))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "usb").write_bytes(config_drive(META, NETWORK, "#!/bin/sh\n"))
    drive = read_drive(tmp_path)
    assert drive is not None
    assert (drive.uuid, drive.meta_data, drive.network_data) == ("one", META, NETWORK)
    assert drive.user_data == b"#!/bin/sh\n"


def test_a_drive_without_user_data_has_none(tmp_path: Path) -> None:
    (tmp_path / "usb").write_bytes(config_drive(META, NETWORK))
    drive = read_iso(tmp_path / "usb")
    assert drive is not None and drive.user_data == b""


def test_no_media_no_drive(tmp_path: Path) -> None:
    assert read_drive(tmp_path / "absent") is None


def test_routes_and_address_become_commands() -> None:
    assert network.link_commands(NETWORK["networks"][0]) == [
        "addr replace 10.99.1.10/24 dev eth0",
        "route replace 0.0.0.0/0 via 10.99.1.1 dev eth0",
    ]


def _parts(*parts: tuple[str, str]) -> bytes:
    head = 'Content-Type: multipart/mixed; boundary="=="\nMIME-Version: 1.0\n'
    return "\n".join([head, *(f"--==\n{headers}\n\n{text}" for headers, text in parts), "--==--\n"]).encode()


def test_parts_of_user_data_are_put_together(quiet: Path) -> None:
    plain = "Content-Type: text/plain"
    script = (plain, "#!/bin/sh\ntrue")
    config = (plain, "#cloud-config\nhostname: a\nruncmd: [one]")
    replaces = ("Content-Type: text/cloud-config", "#cloud-config\nruncmd: [two]")
    appends = (f"{replaces[0]}\nMerge-Type: list(append)+dict(no_replace,recurse_list)+str()", replaces[1])
    both = user_data.parse(_parts(script, config, appends))
    assert [one.strip() for one in both["scripts"]] == [b"#!/bin/sh\ntrue"]
    assert (both["hostname"], both["runcmd"]) == ("a", ["one", "two"])
    assert user_data.parse(_parts(config, replaces))["runcmd"] == ["two"]
    assert user_data.parse(_parts((plain, "neither"))) == {} and "neither a script" in quiet.read_text()


def test_user_data_of_each_kind(quiet: Path) -> None:
    assert user_data.parse(b"") == {}
    assert user_data.parse(b"#!/bin/sh\ntrue\n") == {"scripts": [b"#!/bin/sh\ntrue\n"]}
    assert user_data.parse(b"#cloud-config\nruncmd: [ls]\n") == {"runcmd": ["ls"]}
    assert user_data.parse(b"#cloud-config\n- a list\n") == {}
    assert user_data.parse(b"#cloud-config\na: [\n") == {}
    assert user_data.parse(b"Content-Type: multipart/mixed\n") == {}
    assert len(quiet.read_text().splitlines()) >= 1


def test_files_are_written_as_they_are_described_and_one_bad_entry_stops_no_other(quiet: Path, tmp_path: Path) -> None:
    packed = base64.b64encode(gzip.compress(b"hello")).decode()
    owner = f"{tmp_path.owner()}:{tmp_path.group()}"
    entries = [
        {"content": "no path"},
        {"path": str(tmp_path / "a/b"), "content": packed, "encoding": "gz+b64", "permissions": "0640", "owner": owner},
        {"path": str(tmp_path / "a/b"), "content": " again", "append": True, "owner": owner},
    ]
    user_data._each("write_files", {"write_files": entries}, user_data._write_file)
    assert (tmp_path / "a/b").read_bytes() == b"hello again"
