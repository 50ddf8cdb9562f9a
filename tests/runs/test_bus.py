"""What happens in a run goes out on the bus, to whoever listens."""

from pathlib import Path

from services.chassis.bus import Bus, BusSettings, Event
from services.chassis.testing.waiting import until
from services.runner.schema import SCHEMA
from tests.runs.platform import OPERATION, PROJECT, Platform, element


async def test_states_tasks_and_cells_are_told(
    platform: Platform, fresh_database, amqp_url: str, tmp_path: Path
) -> None:
    settings = BusSettings(url=amqp_url, exchange=f"test.{tmp_path.name}")
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    listener = Bus(settings, service="listener")
    await listener.start()
    await listener.subscribe(["run.*"], hear)
    async with platform.runner(await fresh_database(SCHEMA), bus=settings) as runner:
        run = await runner.run([element("last", ["c1", "c2"])])
        await until(
            lambda: [e.data["state"] for e in heard if e.type == "run.changed"][-1:] == ["succeeded"], seconds=15
        )
    await listener.stop()
    assert {(event.subject, event.project_id, event.data["operation_id"]) for event in heard} == {
        (run["id"], PROJECT, OPERATION)
    }
    states = [event.data["state"] for event in heard if event.type == "run.changed"]
    assert states == ["queued", "running", "succeeded"]
    items = [item for event in heard if event.type == "run.progressed" for item in event.data["events"]]
    assert [item["number"] for item in items] == list(range(1, len(items) + 1))
    told = {(item["kind"], item.get("host"), item["state"]) for item in items}
    assert {("task", "c1", "ok"), ("cell", "c2", "running"), ("cell", "c2", "ok")} <= told
