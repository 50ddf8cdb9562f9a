"""The page "Your OpenStack": it explains every check, no other, and what it has people write is what services take."""

import re
from pathlib import Path

import pytest
import yaml

from services.chassis.cloud.checking import Check
from services.chassis.validation import convert_document
from services.cluster.config import CloudSettings as ClusterCloud
from services.cluster.domain.doctor import Doctor as ClusterDoctor
from services.identity.config import CloudSettings as IdentityCloud
from services.identity.domain.doctor import Doctor as IdentityDoctor
from services.node.config import CloudSettings as NodeCloud
from services.node.domain.doctor import Doctor as NodeDoctor

PAGE = (Path(__file__).parents[2] / "docs/operator/your-openstack.md").read_text()
DOCTORS = {"identity": IdentityDoctor, "node": NodeDoctor, "cluster": ClusterDoctor}
SETTINGS = {"identity": IdentityCloud, "node": NodeCloud, "cluster": ClusterCloud}
SNIPPETS = re.findall(r"```yaml\n# (\w+)\n(.*?)```", PAGE, re.DOTALL)


def checks(service: str) -> list[Check]:
    """The checks of a service, without a cloud to try them on."""
    doctor = DOCTORS[service]
    return doctor.__new__(doctor).checks()


def test_every_check_is_explained_once_and_no_other() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \| (identity|node|cluster) \| \S", PAGE, re.MULTILINE)
    there = [(check.name, service) for service in DOCTORS for check in checks(service)]
    assert sorted(told) == sorted(there)


def test_no_two_checks_share_a_name() -> None:
    names = [check.name for service in DOCTORS for check in checks(service)]
    assert len(names) == len(set(names)) > 20


def test_checks_need_only_earlier_ones() -> None:
    for service in DOCTORS:
        names = [check.name for check in checks(service)]
        for check in checks(service):
            assert set(check.needs) <= set(names[: names.index(check.name)]), check.name


@pytest.mark.parametrize(("service", "text"), SNIPPETS, ids=[service for service, _ in SNIPPETS])
def test_what_is_to_be_written_is_what_the_service_takes(service: str, text: str) -> None:
    for cloud in yaml.safe_load(text)["clouds"].values():
        convert_document(cloud, SETTINGS[service])


def test_there_is_a_log_in_of_each_service() -> None:
    assert {service for service, _ in SNIPPETS} == set(SETTINGS)
