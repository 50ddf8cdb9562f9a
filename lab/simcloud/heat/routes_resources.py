"""Routes of the resources and events of stacks."""

from collections.abc import Iterator
from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.app import address_of, answer, body_of, limit_argument, text_argument
from lab.simcloud.errors import not_found
from lab.simcloud.heat.access import exact_stack, find_stack, require_role
from lab.simcloud.heat.engine import Engine
from lab.simcloud.heat.errors import resource_missing
from lab.simcloud.heat.records import Stack, StackEvent, StackResource
from lab.simcloud.heat.views import event_view, resource_view, stack_url, users_of

BELOW_STACK = ("resources", "events", "template", "outputs", "environment", "files", "actions")


class ResourceRoutes:
    """Resources and events."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stacks = engine.stacks

    def table(self) -> list[Any]:
        """Method, path, handler."""
        one = "/v1/<project>/stacks/<name>/<stack_id>"
        routes: list[Any] = [
            ("GET", f"/v1/<project>/stacks/<name>/{part}", self._redirect_to(part)) for part in BELOW_STACK
        ]
        return [
            *routes,
            ("GET", f"{one}/resources", self.index),
            ("GET", f"{one}/resources/<resource>", self.show),
            ("PATCH", f"{one}/resources/<resource>", self.mark),
            ("GET", f"{one}/resources/<resource>/metadata", self.metadata),
            ("GET", f"{one}/resources/<resource>/events", self.resource_events),
            ("GET", f"{one}/resources/<resource>/events/<event_id>", self.event),
            ("GET", f"{one}/events", self.events),
        ]

    def _redirect_to(self, part: str) -> Any:
        async def redirect(request: Request, project: str, name: str) -> HTTPResponse:
            require_role(request, project, "reader")
            stack = find_stack(self._engine, project, name)
            query = f"?{request.query_string}" if request.query_string else ""
            return answer(None, 302, {"Location": f"{stack_url(address_of(request), stack)}/{part}{query}"})

        return redirect

    def _stack(self, request: Request, project: str, name: str, stack_id: str, role: str = "reader") -> Stack:
        require_role(request, project, role)
        return exact_stack(self._engine, project, name, stack_id)

    def _row(self, stack: Stack, resource: str) -> StackResource:
        rows = self._stacks.rows(stack.id)
        row = rows.get(resource) or next((row for row in rows.values() if row.physical_id == resource), None)
        if row is None:
            raise resource_missing(resource, stack.name)
        return row

    def _tree(self, stack: Stack, depth: int) -> Iterator[Stack]:
        yield stack
        if depth > 0:
            for child in self._stacks.table.find(parent_id=stack.id):
                yield from self._tree(child, depth - 1)

    async def index(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """GET …/resources"""
        stack = self._stack(request, project, name, stack_id)
        detail = text_argument(request, "with_detail") is not None
        depth = _depth(request)
        root = address_of(request)
        found = []
        for inner in self._tree(stack, depth):
            rows = self._stacks.rows(inner.id)
            users = users_of(rows.values())
            for row in rows.values():
                view = resource_view(self._stacks, inner, row, root, users, detail)
                if _chosen(view, request):
                    found.append(view)
        return answer({"resources": found})

    async def show(self, request: Request, project: str, name: str, stack_id: str, resource: str) -> HTTPResponse:
        """GET …/resources/{name}"""
        stack = self._stack(request, project, name, stack_id)
        row = self._row(stack, resource)
        users = users_of(self._stacks.rows(stack.id).values())
        return answer({"resource": resource_view(self._stacks, stack, row, address_of(request), users, True)})

    async def mark(self, request: Request, project: str, name: str, stack_id: str, resource: str) -> HTTPResponse:
        """PATCH …/resources/{name}: marked unhealthy, the next update replaces it."""
        stack = self._stack(request, project, name, stack_id, "member")
        row, body = self._row(stack, resource), body_of(request)
        reason = str(body.get("resource_status_reason") or "state changed by resource_mark_unhealthy api")
        if body.get("mark_unhealthy"):
            self._stacks.set_row_state(stack, row, "CHECK", "FAILED", reason)
        elif row.state == "CHECK_FAILED":
            self._stacks.set_row_state(stack, row, "CHECK", "COMPLETE", reason)
        return answer(None, 200)

    async def metadata(self, request: Request, project: str, name: str, stack_id: str, resource: str) -> HTTPResponse:
        """GET …/resources/{name}/metadata"""
        return answer({"metadata": self._row(self._stack(request, project, name, stack_id), resource).metadata})

    async def events(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """GET …/events"""
        stack = self._stack(request, project, name, stack_id)
        found: list[tuple[Stack, StackEvent]] = []
        for inner in self._tree(stack, _depth(request)):
            found += [(inner, event) for event in self._stacks.events.find(stack_id=inner.id)]
        found.sort(key=lambda pair: pair[1].time)
        return self._event_page(request, found, stack if _depth(request) else None)

    async def resource_events(
        self, request: Request, project: str, name: str, stack_id: str, resource: str
    ) -> HTTPResponse:
        """GET …/resources/{name}/events"""
        stack = self._stack(request, project, name, stack_id)
        found = self._stacks.events.find(stack_id=stack.id, resource_name=resource)
        return self._event_page(request, [(stack, event) for event in found])

    def _event_page(
        self, request: Request, found: list[tuple[Stack, StackEvent]], outermost: Stack | None = None
    ) -> HTTPResponse:
        if (text_argument(request, "sort_dir") or "desc") == "desc":
            found.reverse()
        marker = text_argument(request, "marker")
        if marker:
            ids = [event.id for _, event in found]
            found = found[ids.index(marker) + 1 :] if marker in ids else []
        root = address_of(request)
        shown = [event_view(stack, event, root, outermost) for stack, event in found[: limit_argument(request)]]
        return answer({"events": shown})

    async def event(
        self, request: Request, project: str, name: str, stack_id: str, resource: str, event_id: str
    ) -> HTTPResponse:
        """GET …/resources/{name}/events/{id}"""
        stack = self._stack(request, project, name, stack_id)
        event = self._stacks.events.get(event_id)
        if event is None or event.stack_id != stack.id or event.resource_name != resource:
            raise not_found(f"The Event ({event_id}) could not be found.", "EntityNotFound")
        more = {"resource_type": event.resource_type, "resource_properties": {}}
        return answer({"event": event_view(stack, event, address_of(request)) | more})


def _depth(request: Request) -> int:
    text = text_argument(request, "nested_depth") or "0"
    return int(text) if text.isdigit() else 0


def _chosen(view: dict[str, Any], request: Request) -> bool:
    fields = {"type": "resource_type", "status": "resource_status", "name": "resource_name"}
    return all(
        view[field] in request.args.getlist(argument) for argument, field in fields.items() if argument in request.args
    )
