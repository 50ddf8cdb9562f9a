"""Machines that boot, reboot and lose power, and what their disks keep. Each test has a machine of its own."""

import uuid

import pytest
import sushy

from lab.rack.tests.bench import Bench, wait_for

pytestmark = pytest.mark.machines

USER_DATA = """#cloud-config
ssh_authorized_keys: ["ssh-ed25519 AAAA second@key"]
write_files:
  - {path: /etc/lab/ca.pub, content: "authority\\n", permissions: "0600"}
  - {path: /etc/lab/packed, content: aGVsbG8=, encoding: b64}
users:
  - {name: alice, ssh_authorized_keys: ["ssh-ed25519 AAAA alice@key"]}
runcmd:
  - echo ran >> /var/lib/ran
  - [sh, -c, "exit 3"]
"""


def test_a_machine_is_who_its_config_drive_says(bench: Bench) -> None:
    bench.deploy("m1", str(uuid.uuid4()), USER_DATA)
    assert bench.ssh("m1", "hostname; hostname -f") == "m1\nm1.example.org\n"
    assert f"{bench.address('m1')}/24" in bench.ssh("m1", "ip -4 -br addr show eth0")
    assert f"default via {bench.prefix}.1" in bench.ssh("m1", "ip route")
    assert bench.ssh("m1", "cat /sys/class/net/eth0/address").strip() == bench.inventory("m1")["mac"]
    assert bench.ssh("m1", "cat /etc/lab/ca.pub /etc/lab/packed; stat -c %a /etc/lab/ca.pub") == "authority\nhello600\n"
    assert "second@key" in bench.ssh("m1", "cat /root/.ssh/authorized_keys")
    assert "alice@key" in bench.ssh("m1", "cat /home/alice/.ssh/authorized_keys")
    wait_for(lambda: "'exit 3'\" ended with 3" in bench.console("m1"), "the user commands to end")
    assert bench.ssh("m1", "systemctl is-system-running --wait").strip() == "running"
    assert bench.ssh("m1", "stat -c %a / /dev/virtual-media/usb") == "755\n600\n"


def test_a_reboot_keeps_the_disk_and_runs_nothing_twice(bench: Bench) -> None:
    bench.deploy("m1", str(uuid.uuid4()), USER_DATA)
    wait_for(lambda: "ended with 3" in bench.console("m1"), "the user commands to end")
    wait_for(lambda: boots(bench) > 0, "the machine to be up")
    host_key = bench.ssh("m1", "cat /etc/ssh/ssh_host_ed25519_key.pub; echo kept > /root/file")
    before = boots(bench)
    bench.ssh("m1", "sleep 1; systemctl reboot", check=False)
    wait_for(lambda: boots(bench) > before, "the machine to boot again")
    bench.wait_for_ssh("m1")
    assert bench.ssh("m1", "cat /etc/ssh/ssh_host_ed25519_key.pub; cat /root/file") == host_key + "kept\n"
    assert bench.ssh("m1", "cat /var/lib/ran") == "ran\n"
    assert bench.show("m1")["power"] == "On"


def boots(bench: Bench) -> int:
    """How often a machine has come up."""
    return bench.console("m1").count("Reached target multi-user.target")


def test_the_next_instance_gets_a_fresh_disk_and_other_host_keys(bench: Bench) -> None:
    bench.deploy("m2", str(uuid.uuid4()))
    host_key = bench.ssh("m2", "echo secret > /root/left-behind; cat /etc/ssh/ssh_host_ed25519_key.pub")
    bench.deploy("m2", str(uuid.uuid4()))
    assert bench.ssh("m2", "ls -A /root") == ".bashrc\n.profile\n.ssh\n"
    assert bench.ssh("m2", "cat /etc/ssh/ssh_host_ed25519_key.pub") != host_key


def test_power_off_from_inside_and_by_the_button(bench: Bench) -> None:
    bench.deploy("m2", str(uuid.uuid4()))
    bench.ssh("m2", "systemctl poweroff", check=False)
    bench.wait_for_power("m2", "Off")
    system = bench.system("m2")
    system.reset_system(sushy.RESET_ON)
    bench.wait_for_ssh("m2")
    system.reset_system(sushy.RESET_GRACEFUL_SHUTDOWN)
    bench.wait_for_power("m2", "Off")
    assert "Reached target poweroff.target" in bench.console("m2")


def test_force_restart_and_graceful_restart(bench: Bench) -> None:
    bench.deploy("m2", str(uuid.uuid4()))
    for kind in (sushy.RESET_FORCE_RESTART, sushy.RESET_GRACEFUL_RESTART):
        bench.ssh("m2", "touch /run/not-after-a-boot")
        bench.system("m2").reset_system(kind)
        wait_for(
            lambda: bench.ssh("m2", "test -e /run/not-after-a-boot || echo fresh", check=False) == "fresh\n", "a boot"
        )


def test_a_pulled_plug_takes_the_bmc_too_and_comes_back_as_it_was(bench: Bench) -> None:
    bench.deploy("m3", str(uuid.uuid4()))
    bench.ssh("m3", "echo kept > /root/file; sync")
    bench.ask("plug", "m3", "pull")
    status = bench.show("m3")
    assert (status["power"], status["bmc_alive"], status["plugged"]) == ("Off", False, False)
    bench.ask("plug", "m3", "insert")
    bench.wait_for_ssh("m3")
    assert bench.ssh("m3", "cat /root/file") == "kept\n"


def test_without_media_nothing_boots_and_without_config_drive_nothing_is_kept(bench: Bench) -> None:
    bench.deploy("m3", str(uuid.uuid4()))
    drives, system = bench.drives("m3"), bench.system("m3")
    drives["Floppy"].eject_media()
    system.reset_system(sushy.RESET_FORCE_RESTART)
    wait_for(lambda: "no config drive in the virtual media" in bench.console("m3"), "the reader to find no drive")
    assert bench.ssh("m3", "true", check=False) == ""
    drives["Cd"].eject_media()
    system.reset_system(sushy.RESET_FORCE_RESTART)
    assert "no bootable device" in bench.show("m3")["system"]


def test_faults_of_a_machine(bench: Bench) -> None:
    bench.deploy("m3", str(uuid.uuid4()))
    for fault in ("no-network", "frozen"):
        bench.ask("break", "m3", fault)
        assert bench.ssh("m3", "echo in", check=False) == ""
        bench.ask("mend", "m3", fault)
        bench.wait_for_ssh("m3")
    bench.ask("break", "m3", "frozen")
    bench.ask("power", "m3", "reboot")
    bench.wait_for_ssh("m3")
    assert bench.show("m3")["faults"] == []
    bench.ask("break", "m3", "no-boot")
    bench.ask("power", "m3", "reboot")
    assert "halted" in bench.show("m3")["system"]
    bench.ask("mend", "m3")


def test_packages_come_through_the_cache_and_nothing_else_is_reachable(bench: Bench) -> None:
    bench.deploy("m2", str(uuid.uuid4()))
    bench.ssh("m2", "apt-get update -q")
    assert "Setting up hello" in bench.ssh("m2", "apt-get install -y -q hello 2>&1")
    bmc = bench.inventory("m2")["bmc"]["url"].rpartition(":")[2]
    for place in (f"{bench.prefix}.1/{bmc}", f"127.0.0.1/{bmc}", "192.0.2.2/80"):
        assert "no way" in bench.ssh("m2", f"timeout 2 bash -c '</dev/tcp/{place}' 2>&1 || echo no way")


def test_shared_storage_is_the_projects_own(bench: Bench) -> None:
    bench.deploy("m1", str(uuid.uuid4()), project_id="aaaa")
    bench.deploy("m2", str(uuid.uuid4()), project_id="aaaa")
    bench.deploy("m3", str(uuid.uuid4()), project_id="bbbb")
    bench.ssh("m1", "echo hello > /mnt/shared-storage/file")
    assert bench.ssh("m2", "cat /mnt/shared-storage/file") == "hello\n"
    assert bench.ssh("m3", "ls -A /mnt/shared-storage") == ""
