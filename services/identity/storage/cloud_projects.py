"""The Keystone project of a project at each cloud, as rows of that project."""

from dataclasses import dataclass

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.schema import cloud_project


@dataclass(frozen=True)
class CloudProject:
    """What was made at a cloud, and where its password is kept."""

    cloud_id: str
    cloud_project_id: str
    cloud_user_id: str
    secret_reference: str


async def get(tx: AsyncConnection, project_id: str, cloud_id: str) -> CloudProject | None:
    """Return what was made for a project at a cloud."""
    here = (cloud_project.c.project_id == project_id) & (cloud_project.c.cloud_id == cloud_id)
    row = (await tx.execute(select(cloud_project).where(here))).first()
    if row is None:
        return None
    return CloudProject(row.cloud_id, row.cloud_project_id, row.cloud_user_id, row.secret_reference)


async def add(tx: AsyncConnection, project_id: str, made: CloudProject) -> None:
    """Write down what was made."""
    await tx.execute(
        insert(cloud_project).values(
            project_id=project_id,
            cloud_id=made.cloud_id,
            cloud_project_id=made.cloud_project_id,
            cloud_user_id=made.cloud_user_id,
            secret_reference=made.secret_reference,
        )
    )


async def one_at_a_time(tx: AsyncConnection, project_id: str, cloud_id: str) -> None:
    """Let one transaction at a time make the Keystone project of a project at a cloud."""
    purpose = f"keystone project of {project_id} at {cloud_id}"
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:purpose))"), {"purpose": purpose})
