"""Nova: its API, conductor and scheduler, and a compute service whose hypervisor is Ironic."""

from lab.openstack.config.shared import STOP_SECONDS, database_url, lock_files, messages_url, service_login, token_check
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings

COMPUTE_HOST = "lab-compute"
UNLIMITED = -1
# A compute service waits this long for Ironic: 600 tries, a second apart.
IRONIC_TRIES = 600
SCHEDULER_STOP_SECONDS = 2


def nova(settings: Settings) -> Sections:
    """nova.conf of everything but nova-compute."""
    shared = nova_compute(settings)
    return {
        **shared,
        # The scheduler always takes all of it; nothing is lost with it.
        "DEFAULT": {**shared["DEFAULT"], "graceful_shutdown_timeout": SCHEDULER_STOP_SECONDS},
        "api_database": {"connection": database_url(settings, "nova_api")},
        "database": {"connection": database_url(settings, "nova")},
    }


def nova_compute(settings: Settings) -> Sections:
    """nova.conf of nova-compute, which refuses to start where it sees a database."""
    return {
        "DEFAULT": {
            "state_path": str(settings.data / "nova"),
            "transport_url": messages_url(settings),
            "my_ip": "127.0.0.1",
            "host": COMPUTE_HOST,
            "compute_driver": "ironic.IronicDriver",
            # A node that became available is offered at the next pass, by default up to two minutes later.
            "update_resources_interval": 5,
            "periodic_fuzzy_delay": 0,
            # Its look at power reads a copy of the nodes that may be older than a server, and stops that one then.
            "sync_power_state_interval": -1,
            "graceful_shutdown_timeout": STOP_SECONDS,
            # nova-compute sleeps so long whenever it is stopped, whether it has something to do or not.
            "manager_shutdown_timeout": 1,
        },
        "api": {"auth_strategy": "keystone"},
        "wsgi": {"api_paste_config": str(settings.environment / "etc/nova/api-paste.ini")},
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 10},
        "filter_scheduler": {"track_instance_changes": False},
        "quota": {"instances": UNLIMITED, "cores": UNLIMITED, "ram": UNLIMITED, "key_pairs": UNLIMITED},
        "vnc": {"enabled": False},
        "glance": {"region_name": settings.rack},
        "placement": service_login(settings, "placement"),
        "neutron": service_login(settings, "neutron"),
        "service_user": {**service_login(settings, "nova"), "send_service_user_token": True},
        "ironic": {
            **service_login(settings, "nova", system=True),
            "api_retry_interval": 1,
            "api_max_retries": IRONIC_TRIES,
        },
        **lock_files(settings),
        **token_check(settings, "nova"),
    }
