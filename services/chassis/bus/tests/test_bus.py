"""Events over a real RabbitMQ: delivered, retried, set aside, and none lost when the broker restarts."""

import asyncio
import os
import secrets

import aio_pika
import pytest

from services.chassis.bus import Bus, BusSettings, BusUnavailable, new_event
from services.chassis.bus.event import encode
from services.chassis.testing.waiting import until

REGISTERED_SECONDS = 1.5
"""A broker killed within half a second of a quorum queue's first declaration forgets who its members are, and the
queue never gets a leader again (rabbitmq-server issue 15725): that is RabbitMQ's to mend, so the test waits."""


def event(type="thing.made", subject="t1", **data):
    return new_event(type, source="sample", subject=subject, project_id="prj_a", data=data)


@pytest.fixture
async def make_bus(amqp_url):
    """Buses with an exchange of this test's own."""
    exchange, made = f"test.{secrets.token_hex(4)}", []

    async def make(service, **changes):
        settings = {"redelivery_delay_seconds": 0.05, "reconnect_seconds": 0.1, "publish_timeout_seconds": 2.0}
        bus = Bus(
            BusSettings(url=amqp_url, exchange=exchange, **{**settings, **changes}), service=f"{exchange}.{service}"
        )
        made.append(bus)
        return bus

    yield make
    for bus in made:
        await bus.stop()
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    for service in ("a", "b"):
        for name in (f"{exchange}.{service}", f"{exchange}.{service}.dead"):
            await channel.queue_delete(name)
    await channel.exchange_delete(exchange)
    await channel.exchange_delete(f"{exchange}.dead")
    await connection.close()


async def test_each_service_gets_what_it_asked_for_once(make_bus):
    got = {"a": [], "b": []}
    for service, patterns in (("a", ["thing.*"]), ("b", ["thing.made", "other.#"])):

        async def handle(one, service=service):
            got[service].append(one)

        bus = await make_bus(service)
        await bus.consume(patterns, handle)
        await bus.start()
    sent = [event(), event("thing.gone"), event("other.deep.down")]
    for one in sent:
        await bus.publish(one)
    await until(lambda: len(got["a"]) == 2 and len(got["b"]) == 2)
    assert got["a"] == sent[:2]
    assert got["b"] == [sent[0], sent[2]]
    assert bus.health() is None


async def test_a_subject_keeps_its_order_though_subjects_run_side_by_side(make_bus):
    got, running, most = [], 0, 0

    async def handle(one):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02 if one.data["n"] % 2 == 0 else 0)
        got.append((one.subject, one.data["n"]))
        running -= 1

    bus = await make_bus("a")
    await bus.consume(["#"], handle, in_order=True)
    await bus.start()
    for n in range(10):
        for subject in ("t1", "t2"):
            await bus.publish(event(subject=subject, n=n))
    await until(lambda: len(got) == 20)
    for subject in ("t1", "t2"):
        assert [n for name, n in got if name == subject] == list(range(10))
    assert most == 2


async def test_what_cannot_be_handled_ends_in_the_dead_letters(make_bus, amqp_url):
    tries = []

    async def handle(one):
        tries.append(one.id)
        raise LookupError("broken")

    bus = await make_bus("a", delivery_limit=2)
    await bus.consume(["#"], handle)
    await bus.start()
    poison = event()
    await bus.publish(poison)
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    exchange = await channel.get_exchange(bus._settings.exchange)
    await exchange.publish(aio_pika.Message(b"not an event"), "thing.made")
    dead = await channel.get_queue(f"{bus._service}.dead")
    bodies = []
    async with asyncio.timeout(10):
        while len(bodies) < 2:
            if message := await dead.get(fail=False, no_ack=True):
                bodies.append(message)
            await asyncio.sleep(0.05)
    await connection.close()
    assert {message.body for message in bodies} == {b"not an event", encode(poison)}
    assert tries == [poison.id] * 3


async def test_an_outage_behind_the_handler_is_waited_out(make_bus):
    tries = 0

    async def handle(_):
        nonlocal tries
        tries += 1
        if tries < 6:
            raise ConnectionRefusedError("the database is away")

    bus = await make_bus("a", delivery_limit=2, redelivery_delay_seconds=0.01)
    await bus.consume(["#"], handle)
    await bus.start()
    await bus.publish(event())
    await until(lambda: tries == 6)


async def test_every_process_hears_what_it_subscribed_to(make_bus):
    got, gaps = [], 0

    async def gap():
        nonlocal gaps
        gaps += 1

    for process in ("one", "two"):

        async def handle(one, process=process):
            got.append(process)

        bus = await make_bus("a")
        await bus.start()
        await bus.subscribe(["authz.revoked"], handle, on_gap=gap)
    await bus.publish(event("authz.revoked"))
    await until(lambda: sorted(got) == ["one", "two"])
    assert gaps == 2


async def test_a_killed_broker_loses_no_event(make_bus, request):
    if os.environ.get("CLOUDPOINT_TEST_AMQP_URL"):
        pytest.skip("the broker is not ours to kill")
    private_rabbit = request.getfixturevalue("private_rabbit")
    got = []

    async def handle(one):
        got.append(one.id)

    bus = await make_bus("a")
    await bus.consume(["#"], handle)
    await bus.start()
    sent = [event(n=n) for n in range(20)]
    for one in sent[:10]:
        await bus.publish(one)
    await asyncio.sleep(REGISTERED_SECONDS)
    await asyncio.to_thread(private_rabbit.kill)
    await until(lambda: bus.health() is not None, 15)
    with pytest.raises(BusUnavailable):
        await bus.publish(sent[10])
    await asyncio.to_thread(private_rabbit.start)
    await until(lambda: bus.health() is None, 20)
    for one in sent[10:]:
        await bus.publish(one)
    await until(lambda: set(got) == {one.id for one in sent}, 20)


async def test_starting_without_a_broker_does_not_fail():
    bus = Bus(BusSettings(url="amqp://127.0.0.1:1/", connect_timeout_seconds=0.3), service="a")
    await bus.start()
    assert "unreachable" in bus.health()
    await bus.stop()
