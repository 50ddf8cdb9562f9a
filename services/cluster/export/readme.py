"""The page that comes with an export."""

from services.cluster.planning.batches import batches_of
from services.contracts.blueprint import BlueprintVersion
from services.contracts.cluster import Cluster, Plan

_PAGE = """# The cluster {name}, as plain files

{summary}
These files build the cluster again with OpenStack's and Ansible's own commands; no service of Cloudpoint is needed.
They were made from the blueprint {blueprint} {version} for {hosts} hosts: {roles}.

## What you need

- the commands `openstack` (PyPI: python-openstackclient and python-heatclient) and `ansible-playbook` (ansible-core
  2.17 or newer), OpenSSH and Python 3;
- log-in data for a project at your cloud, in the environment or in clouds.yaml (`export OS_CLOUD=...`); the cloud has
  the image `{image}`, the network `{network}` and the flavors that are named in `hot/*.env.yaml`: change them
  there if yours have other names;
- a route from here to the machines, or a way through another host: write it in `ansible/ssh/config`.

## How to build it

    ./create.sh
    cd ansible
    ansible-playbook site.yml
    ansible-playbook verify.yml

`create.sh` first runs `secrets.sh`, which makes an SSH authority, a key and the secrets of this cluster in this folder;
nobody else has them. The machines trust keys that this authority signed. Run either step again after a failure.
`./delete.sh` gives the machines back, with all that is on them.

## What is where

| | |
|---|---|
| `hot/` | a template and an environment for each batch of machines ({batches}), and for what they share |
| `cluster.sh` | the cluster's name, its batches and its secrets, for the scripts |
| `ansible/site.yml` | the elements in their order ({elements}), each with its parameters and hosts |
| `ansible/verify.yml` | the same elements prove that they work, and the blueprint's checks ({checks}) that all do |
| `ansible/elements/` | the elements themselves, each with a README; `library/` is the module that they share |
| `ansible/blueprint/` | what the blueprint's checks need |
| `ansible/inventory.yaml` | the hosts; `create.sh` writes their addresses to `ansible/host_vars/` |

The parameters hold what the cluster was made with, the SSH keys of its users among them.
"""


def readme(cluster: Cluster, plan: Plan, blueprint: BlueprintVersion, *, image: str, network: str) -> str:
    """Return the page, in Markdown."""
    return _PAGE.format(
        name=cluster.name,
        summary=f"{blueprint.summary}\n" if blueprint.summary else "",
        blueprint=plan.blueprint,
        version=plan.blueprint_version,
        hosts=sum(role.count for role in plan.roles),
        roles=", ".join(f"{role.count} {role.name}" for role in plan.roles),
        image=image,
        network=network,
        batches=", ".join(batch.key for batch in batches_of(plan)),
        checks=", ".join(check.name for check in plan.checks) or "none",
        elements=", ".join(element.name for element in plan.elements),
    )
