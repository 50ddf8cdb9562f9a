"""Leave no queue behind on a broker that other tests use too."""

import aio_pika


async def delete_queues(url: str, *services: str) -> None:
    """Delete the durable queue of each service, and its dead letters."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        for name in services:
            await channel.queue_delete(name)
            await channel.queue_delete(f"{name}.dead")
