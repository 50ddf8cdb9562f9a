"""`python3 -m config_drive_reader configure | user-commands`, each run once a boot by its systemd unit."""

import sys

from . import instance, network, user_data
from .console import say
from .drive import ConfigDrive, read_drive


def configure() -> None:
    """Host name and network on every boot; keys, host keys and files once an instance."""
    drive = read_drive()
    if drive is None:
        say("no config drive in the virtual media: no host name, no address, no keys")
        return
    instance.set_host_name(drive.meta_data)
    network.configure(drive.network_data)
    if instance.is_new(drive.uuid):
        prepare_instance(drive)
        instance.remember(drive.uuid)


def prepare_instance(drive: ConfigDrive) -> None:
    """What belongs to the instance rather than to the boot."""
    instance.authorize_keys(drive.meta_data)
    instance.make_host_keys()
    user_data.apply_files(user_data.parse(drive.user_data))


def run_user_commands() -> None:
    """User data's commands, after the network and sshd, once an instance."""
    drive = read_drive()
    if drive is not None and not instance.has_run_commands(drive.uuid):
        instance.remember_commands(drive.uuid)
        user_data.run_commands(user_data.parse(drive.user_data))


if __name__ == "__main__":
    {"configure": configure, "user-commands": run_user_commands}[sys.argv[1]]()
