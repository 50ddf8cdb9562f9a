"""What the services' configurations have alike: how one logs in, checks tokens and reaches database and broker."""

from lab.launcher.rabbitmq import PrivateRabbit
from lab.openstack.ini import Section, Sections
from lab.openstack.settings import DATABASES, Settings

SERVICE_PROJECT = "service"
DEFAULT_DOMAIN = "Default"


def rabbit_of(settings: Settings) -> PrivateRabbit:
    """The cloud's own broker."""
    return PrivateRabbit(settings.folder / "rabbitmq", settings.port("rabbitmq"))


def database_url(settings: Settings, database: str) -> str:
    """The address of a database; a service's databases have one user, named as the service."""
    user = DATABASES[database]
    place = f"127.0.0.1:{settings.port('mariadb')}/{database}"
    return f"mysql+pymysql://{user}:{settings.password(f'database-{user}')}@{place}?charset=utf8mb4"


def messages_url(settings: Settings) -> str:
    """The broker's address as oslo.messaging writes it."""
    return rabbit_of(settings).url.replace("amqp://", "rabbit://")


def service_login(settings: Settings, user: str, *, system: bool = False) -> Section:
    """A service's own log-in: in the project `service`, or with system scope, with which Ironic shows every node."""
    scope = {"system_scope": "all"} if system else _PROJECT
    return _user(settings, user) | scope | {"region_name": settings.rack}


def trustee_login(settings: Settings, user: str) -> Section:
    """A log-in without scope: the scope is that of a trust."""
    return _user(settings, user)


def token_check(settings: Settings, user: str) -> Sections:
    """The section by which a service has Keystone check its callers' tokens."""
    section = {
        "www_authenticate_uri": settings.auth_url,
        **service_login(settings, user),
        "service_token_roles_required": True,
    }
    return {"keystone_authtoken": section}


def lock_files(settings: Settings) -> Sections:
    """Where processes of one service lock each other out."""
    return {"oslo_concurrency": {"lock_path": str(settings.data / "locks")}}


# How long a worker may take to end what it is at, when it is told to stop.
STOP_SECONDS = 10

_PROJECT = {"project_name": SERVICE_PROJECT, "project_domain_name": DEFAULT_DOMAIN}


def _user(settings: Settings, user: str) -> dict[str, str]:
    return {
        "auth_type": "password",
        "auth_url": settings.auth_url,
        "username": user,
        "password": settings.password(user),
        "user_domain_name": DEFAULT_DOMAIN,
    }
