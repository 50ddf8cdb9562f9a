"""The BMCs, held to the real `sushy` client."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import httpx
import pytest
import sushy
from sushy import exceptions

from lab.rack.tests.bench import Bench, wait_for

pytestmark = pytest.mark.machines


def test_nameplate_is_what_the_inventory_says(bench: Bench) -> None:
    listed, system = bench.inventory("m4"), bench.system("m4")
    assert system.serial_number == listed["serial"]
    assert system.memory_summary.size_gib * 1024 == listed["memory_mb"]
    assert list(system.ethernet_interfaces.summary) == [listed["mac"]]
    assert system.managers[0].manager_type == sushy.MANAGER_TYPE_BMC


def test_wrong_password_is_refused_and_root_is_open(bench: Bench) -> None:
    bmc = bench.inventory("m4")["bmc"]
    assert httpx.get(f"{bmc['url']}/redfish/v1/").status_code == 200
    assert httpx.get(bmc["url"] + bmc["system_path"]).status_code == 401
    by_session = sushy.Sushy(bmc["url"], bmc["username"], bmc["password"])
    assert by_session.get_system(bmc["system_path"]).name == "m4"
    assert by_session.get_sessions_path()
    with pytest.raises(exceptions.AccessError):
        sushy.Sushy(bmc["url"], bmc["username"], "wrong").get_system(bmc["system_path"])


def test_password_is_readable_by_root_only(bench: Bench) -> None:
    path = bench.state / "rack" / bench.name / "bmc-password"
    assert path.stat().st_mode & 0o077 == 0


def test_power_without_media_stays_in_the_firmware(bench: Bench) -> None:
    system = bench.system("m4")
    system.reset_system(sushy.RESET_ON)
    system.refresh()
    assert system.power_state == sushy.PowerState.ON
    assert "no bootable device" in bench.show("m4")["system"]
    system.reset_system(sushy.RESET_FORCE_OFF)
    system.refresh()
    assert system.power_state == sushy.PowerState.OFF


def test_unknown_reset_and_system_are_errors(bench: Bench) -> None:
    bmc = bench.inventory("m4")["bmc"]
    login = (bmc["username"], bmc["password"])
    answer = httpx.post(
        f"{bmc['url']}{bmc['system_path']}/Actions/ComputerSystem.Reset", json={"ResetType": "Explode"}, auth=login
    )
    assert answer.status_code == 400 and "Explode" in answer.json()["error"]["message"]
    assert httpx.get(f"{bmc['url']}/redfish/v1/Systems/other", auth=login).status_code == 404
    assert httpx.patch(bmc["url"] + bmc["system_path"], json={"Name": "x"}, auth=login).status_code == 400


def test_boot_override_is_kept_and_checked(bench: Bench) -> None:
    system = bench.system("m4")
    system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, sushy.BOOT_SOURCE_ENABLED_ONCE)
    system.refresh()
    assert (system.boot.target, system.boot.enabled) == (
        sushy.BOOT_SOURCE_TARGET_CD, sushy.BOOT_SOURCE_ENABLED_ONCE)  # fmt: skip
    system.reset_system(sushy.RESET_ON)
    system.refresh()
    assert system.boot.enabled == sushy.BOOT_SOURCE_ENABLED_DISABLED
    system.reset_system(sushy.RESET_FORCE_OFF)


def test_media_are_inserted_and_ejected(bench: Bench) -> None:
    cd = bench.drives("m4")["Cd"]
    assert sushy.VIRTUAL_MEDIA_CD in cd.media_types
    assert sushy.VIRTUAL_MEDIA_USBSTICK in bench.drives("m4")["Floppy"].media_types
    address = bench.publish("some.iso", b"an image")
    cd.insert_media(address)
    cd.refresh()
    assert cd.inserted and cd.image == address
    cd.eject_media()
    cd.refresh()
    assert not cd.inserted
    assert not list((bench.state / "rack" / bench.name / "machines/m4/media").iterdir())


def test_media_that_cannot_be_had_are_refused_and_leave_nothing(bench: Bench) -> None:
    cd = bench.drives("m4")["Cd"]
    for address in (bench.publish("x", b"") + "-not-there", "http://127.0.0.1:9/x.iso", "file:///etc/passwd"):
        with pytest.raises(exceptions.HTTPError):
            cd.insert_media(address)
    assert not list((bench.state / "rack" / bench.name / "machines/m4/media").iterdir())


def test_faults_of_a_bmc(bench: Bench) -> None:
    url = bench.inventory("m4")["bmc"]["url"] + "/redfish/v1/"
    bench.ask("break", "m4", "bmc-hang")
    with pytest.raises(httpx.TimeoutException):
        httpx.get(url, timeout=1)
    bench.ask("mend", "m4")
    assert httpx.get(url).status_code == 200
    bench.ask("break", "m4", "bmc-error")
    assert httpx.get(url).status_code == 503
    bench.ask("mend", "m4")
    bench.ask("break", "m4", "bmc-dead")
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    assert bench.cli("list", "--name", bench.name).returncode == 0
    bench.ask("mend", "m4", "bmc-dead")
    assert httpx.get(url).status_code == 200


def test_stuck_power_and_failing_media(bench: Bench) -> None:
    system, cd = bench.system("m4"), bench.drives("m4")["Cd"]
    bench.ask("break", "m4", "power-stuck")
    bench.ask("break", "m4", "media-fail")
    system.reset_system(sushy.RESET_ON)
    system.refresh()
    assert system.power_state == sushy.PowerState.OFF
    with pytest.raises(exceptions.HTTPError):
        cd.insert_media(bench.publish("some.iso", b"an image"))
    assert bench.ask("mend", "m4").strip() == "no faults"


def test_a_bmc_killed_by_itself_is_dead_alone_until_mended(bench: Bench) -> None:
    port = bench.inventory("m4")["bmc"]["url"].rpartition(":")[2]
    listening = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    os.kill(int(listening.partition("pid=")[2].partition(",")[0]), signal.SIGKILL)
    wait_for(lambda: not bench.show("m4")["bmc_alive"], "the BMC to be noticed dead", 5)
    assert bench.show("m3")["bmc_alive"]
    bench.ask("mend", "m4", "bmc-dead")
    assert bench.show("m4")["bmc_alive"]


def test_a_log_in_session_ends(bench: Bench) -> None:
    bmc = bench.inventory("m4")["bmc"]
    with httpx.Client(base_url=bmc["url"]) as client:
        sessions = "/redfish/v1/SessionService/Sessions"
        made = client.post(sessions, json={"UserName": bmc["username"], "Password": bmc["password"]})
        headers = {"X-Auth-Token": made.headers["X-Auth-Token"]}
        assert client.get(bmc["system_path"], headers=headers).status_code == 200
        assert client.delete(made.headers["Location"], headers=headers).status_code == 204
        assert client.get(bmc["system_path"], headers=headers).status_code == 401


def test_bmc_logs_hold_no_password(bench: Bench) -> None:
    password = bench.inventory("m4")["bmc"]["password"]
    for path in (bench.state / "rack" / bench.name).rglob("*.log"):
        with contextlib.suppress(FileNotFoundError):
            assert password not in Path(path).read_text(errors="replace")
