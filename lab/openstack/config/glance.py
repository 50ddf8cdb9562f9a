"""Glance: images in files."""

from lab.openstack.config.shared import database_url, lock_files, token_check
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings


def glance(settings: Settings) -> Sections:
    """glance-api.conf."""
    folder = settings.data / "glance"
    return {
        "DEFAULT": {"enabled_backends": "files:file", "worker_self_reference_url": settings.url("glance")},
        "database": {"connection": database_url(settings, "glance")},
        "glance_store": {"default_backend": "files"},
        "files": {"filesystem_store_datadir": str(folder / "images")},
        "os_glance_staging_store": {"filesystem_store_datadir": str(folder / "staging")},
        "os_glance_tasks_store": {"filesystem_store_datadir": str(folder / "tasks")},
        "paste_deploy": {
            "flavor": "keystone",
            "config_file": str(settings.environment / "etc/glance/glance-api-paste.ini"),
        },
        **lock_files(settings),
        **token_check(settings, "glance"),
    }
