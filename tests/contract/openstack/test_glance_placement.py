"""Glance and Placement: what the doctor and Heat's constraints read of them."""

from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.stage import CUSTOM_CLASS, NAME, Stage
from tests.contract.openstack.witness import Witness

NOWHERE = "00000000-0000-4000-8000-000000000000"
PLACEMENT = "1.36"
OWN = ("boot_iso_id", "ironic_ramdisk_deploy", "stores")  # and what openstacksdk notes on what it uploads


def test_the_machines_image(member: Api, cloud: Cloud, stage: Stage, witness: Witness) -> None:
    found = member.get("image", f"/v2/images?name={cloud.image}").of(200)
    (image,) = found["images"]
    assert (image["id"], image["status"], image["visibility"]) == (stage.image_id, "active", "public")
    known = {key: value for key, value in image.items() if key not in OWN and not key.startswith("owner_")}
    witness.hold_body("glance/image", known)
    witness.hold_body("glance/images", {**found, "images": []})
    assert member.get("image", "/v2/images?name=nobody").of(200)["images"] == []


def test_an_image_of_the_administrator(admin: Api, member: Api, witness: Witness) -> None:
    body = {"name": f"{NAME}-image", "disk_format": "raw", "container_format": "bare", "visibility": "private"}
    made = admin.post("image", "/v2/images", body)
    image = witness.see("glance/image-made", made)["id"]
    witness.see("glance/image-foreign", member.get("image", f"/v2/images/{image}"))
    admin.delete("image", f"/v2/images/{image}").of(204)


def test_what_is_not_there(member: Api, witness: Witness) -> None:
    witness.see("glance/missing", member.get("image", f"/v2/images/{NOWHERE}"))
    witness.see("glance/missing-delete", member.delete("image", f"/v2/images/{NOWHERE}"))


def test_placement_knows_each_node(admin: Api, stage: Stage, witness: Witness) -> None:
    node = next(iter(stage.nodes.values()))
    found = admin.get("placement", f"/resource_providers?uuid={node}", version=PLACEMENT)
    (provider,) = witness.see("placement/provider", found)["resource_providers"]
    assert (provider["uuid"], provider["name"]) == (node, node)
    path = f"/resource_providers/{node}"
    inventories = witness.see("placement/inventories", admin.get("placement", f"{path}/inventories", version=PLACEMENT))
    assert inventories["inventories"][CUSTOM_CLASS]["total"] == 1
    witness.see("placement/usages", admin.get("placement", f"{path}/usages", version=PLACEMENT))
    witness.see("placement/allocations", admin.get("placement", f"{path}/allocations", version=PLACEMENT))
    query = f"/allocation_candidates?resources={CUSTOM_CLASS}:1"
    candidates = admin.get("placement", query, version=PLACEMENT)
    assert set(candidates.of(200)["provider_summaries"]) <= set(stage.nodes.values())
    witness.hold_body("placement/candidate", next(iter(candidates.body["provider_summaries"].values())))
    witness.hold_body("placement/request", candidates.body["allocation_requests"][0]["mappings"])


def test_placement_refuses(admin: Api, member: Api, witness: Witness) -> None:
    missing = f"/resource_providers/{NOWHERE}"
    witness.see("placement/missing", admin.get("placement", missing, version=PLACEMENT))
    witness.see("placement/forbidden", member.get("placement", "/resource_providers", version=PLACEMENT))
    unknown = "/allocation_candidates?resources=CUSTOM_NOBODY:1"
    witness.see("placement/unknown-class", admin.get("placement", unknown, version=PLACEMENT))
