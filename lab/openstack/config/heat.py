"""Heat: stacks live longer than tokens, so that it acts by trusts that customers' users give it."""

from lab.openstack.config.shared import (
    STOP_SECONDS,
    database_url,
    lock_files,
    messages_url,
    token_check,
    trustee_login,
)
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings

STACK_DOMAIN = "heat"
STACK_DOMAIN_ADMIN = "heat_domain_admin"
# The default is 1000, which a stack of 64 servers does not reach.
RESOURCES_PER_STACK = 2000


def heat(settings: Settings) -> Sections:
    """heat.conf."""
    files = settings.environment / "etc/heat"
    return {
        "DEFAULT": {
            "transport_url": messages_url(settings),
            "num_engine_workers": 1,
            "graceful_shutdown_timeout": STOP_SECONDS,
            "region_name_for_services": settings.rack,
            "stack_domain_admin": STACK_DOMAIN_ADMIN,
            "stack_domain_admin_password": settings.password(STACK_DOMAIN_ADMIN),
            "stack_user_domain_name": STACK_DOMAIN,
            "deferred_auth_method": "trusts",
            "server_keystone_endpoint_type": "public",
            "environment_dir": str(files / "environment.d"),
            "template_dir": str(files / "templates"),
            "max_resources_per_stack": RESOURCES_PER_STACK,
        },
        "paste_deploy": {"api_paste_config": str(files / "api-paste.ini")},
        "database": {"connection": database_url(settings, "heat")},
        "clients_keystone": {"auth_uri": settings.auth_url},
        "trustee": trustee_login(settings, "heat"),
        **lock_files(settings),
        **token_check(settings, "heat"),
    }
