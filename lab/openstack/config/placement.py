"""Placement: what there is, and what is taken."""

from lab.openstack.config.shared import database_url, token_check
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings


def placement(settings: Settings) -> Sections:
    """placement.conf."""
    return {
        "placement_database": {"connection": database_url(settings, "placement")},
        "api": {"auth_strategy": "keystone"},
        **token_check(settings, "placement"),
    }
