"""Routes of stacks."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import token_of
from lab.simcloud.api.app import address_of, answer, body_of, flag_argument, limit_argument, text_argument
from lab.simcloud.errors import bad_request, not_found
from lab.simcloud.heat.access import exact_stack, find_stack, require_role
from lab.simcloud.heat.engine import REDEFINED, Engine
from lab.simcloud.heat.errors import stack_missing
from lab.simcloud.heat.preview import changes_view, preview_view
from lab.simcloud.heat.records import Stack
from lab.simcloud.heat.requests import definition_of, tags_of, timeout_of
from lab.simcloud.heat.views import full_stack, short_stack, stack_url

STATUSES = {"IN_PROGRESS", "COMPLETE", "FAILED"}


class StackRoutes:
    """The noun `stack`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stacks = engine.stacks

    def table(self) -> list[Any]:
        """Method, path, handler."""
        base = "/v1/<project>/stacks"
        one = f"{base}/<name>/<stack_id>"
        return [
            ("GET", base, self.index),
            ("POST", base, self.create),
            ("GET", f"{base}/detail", self.list_detail),
            ("POST", f"{base}/preview", self.preview),
            ("GET POST PUT PATCH DELETE", f"{base}/<name>", self.redirect),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("PATCH", one, self.patch),
            ("DELETE", one, self.delete),
            ("PUT PATCH", f"{one}/preview", self.preview_update),
            ("GET", f"{one}/template", self.template),
            ("GET", f"{one}/files", self.files),
            ("GET", f"{one}/environment", self.environment),
            ("GET", f"{one}/outputs", self.outputs),
            ("GET", f"{one}/outputs/<key>", self.output),
            ("POST", f"{one}/actions", self.action),
        ]

    def _exact(self, request: Request, project: str, name: str, stack_id: str, role: str = "reader") -> Stack:
        require_role(request, project, role)
        return exact_stack(self._engine, project, name, stack_id)

    async def index(self, request: Request, project: str) -> HTTPResponse:
        """GET /stacks"""
        return self._page(request, project, False)

    async def list_detail(self, request: Request, project: str) -> HTTPResponse:
        """GET /stacks/detail"""
        return self._page(request, project, True)

    def _page(self, request: Request, project: str, detail: bool) -> HTTPResponse:
        require_role(request, project, "reader")
        if flag_argument(request, "global_tenant"):
            require_role(request, "", "admin")
        limit, root = limit_argument(request), address_of(request)
        marker = text_argument(request, "marker")
        found = list(islice(self._matching(request, project, marker), limit + 1))
        if detail:
            shown = [full_stack(self._stacks, stack, root) for stack in found[:limit]]
        else:
            shown = [short_stack(stack, root) for stack in found[:limit]]
            if flag_argument(request, "global_tenant"):
                shown = [view | {"project": stack.project_id} for view, stack in zip(shown, found, strict=False)]
        body: dict[str, Any] = {"stacks": shown}
        if flag_argument(request, "with_count"):
            body["count"] = sum(1 for _ in self._matching(request, project, None))
        if len(found) > limit:
            href = f"{root}{request.path}?limit={limit}&marker={found[limit - 1].id}"
            body["links"] = [{"rel": "next", "href": href}]
        return answer(body)

    def _matching(self, request: Request, project: str, marker: str | None) -> Iterator[Stack]:
        wanted: dict[str, Any] = {} if flag_argument(request, "global_tenant") else {"project_id": project}
        if not flag_argument(request, "show_nested"):
            wanted["parent_id"] = None
        if not flag_argument(request, "show_deleted"):
            wanted["deleted"] = False
        names = [str(name) for name in request.args.getlist("name") or []]
        if names:
            wanted["name"] = names
        statuses = [str(status) for status in request.args.getlist("status") or []]
        if statuses and set(statuses) <= STATUSES:
            wanted["status"] = statuses
        wanted["containing"] = (text_argument(request, "tags") or "").split(",")
        ascending = (text_argument(request, "sort_dir") or "desc") == "asc"
        found = self._stacks.table.each(after=marker, newest_first=not ascending, **wanted)
        return (stack for stack in found if _matches(stack, request))

    async def create(self, request: Request, project: str) -> HTTPResponse:
        """POST /stacks"""
        caller, body = require_role(request, project, "member"), body_of(request)
        stack = await self._engine.create(caller, _name(body), _fields(body) | {"token": token_of(request)})
        href = stack_url(address_of(request), stack)
        return answer({"stack": {"id": stack.id, "links": [{"href": href, "rel": "self"}]}}, 201, {"Location": href})

    async def preview(self, request: Request, project: str) -> HTTPResponse:
        """POST /stacks/preview"""
        caller, body = require_role(request, project, "member"), body_of(request)
        self._engine.require_free_name(project, _name(body))
        stack = self._engine.validated(caller, _name(body), _fields(body))
        return answer({"stack": preview_view(self._stacks, stack, address_of(request))})

    async def redirect(self, request: Request, project: str, name: str) -> HTTPResponse:
        """Any method on /stacks/{name or id}: the address with both."""
        require_role(request, project, "reader")
        stack = find_stack(self._engine, project, name)
        query = f"?{request.query_string}" if request.query_string else ""
        href = stack_url(address_of(request), stack) + query
        return answer(None, 302, {"Location": href})

    async def show(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """GET /stacks/{name}/{id}"""
        stack = self._exact(request, project, name, stack_id)
        wanted = (text_argument(request, "resolve_outputs") or "true").lower() != "false"
        return answer({"stack": full_stack(self._stacks, stack, address_of(request), wanted)})

    async def update(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """PUT /stacks/{name}/{id}: a whole new definition."""
        return self._update(request, project, name, stack_id, False)

    async def patch(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """PATCH /stacks/{name}/{id}: what is left out stays."""
        return self._update(request, project, name, stack_id, True)

    def _new_fields(self, stack: Stack, body: dict[str, Any], keep: bool) -> dict[str, Any]:
        present = {key: getattr(stack, key) for key in REDEFINED} if keep else None
        fields = definition_of(body, present)
        if "tags" in body or not keep:
            fields["tags"] = tags_of(body)
        if "disable_rollback" in body:
            fields["disable_rollback"] = bool(body["disable_rollback"])
        if body.get("timeout_mins") is not None:
            fields["timeout_mins"] = timeout_of(body)
        return fields

    def _update(self, request: Request, project: str, name: str, stack_id: str, keep: bool) -> HTTPResponse:
        caller = require_role(request, project, "member")
        stack = exact_stack(self._engine, project, name, stack_id)
        if stack.deleted:
            raise stack_missing(name)
        fields = self._new_fields(stack, body_of(request), keep) | {"token": token_of(request)}
        self._engine.update(caller, stack, fields)
        return answer(None, 202)

    async def preview_update(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """PUT and PATCH /stacks/{name}/{id}/preview"""
        stack = self._exact(request, project, name, stack_id, "member")
        fields = self._new_fields(stack, body_of(request), request.method == "PATCH")
        return answer({"resource_changes": changes_view(self._stacks, stack, fields)})

    async def delete(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """DELETE /stacks/{name}/{id}"""
        stack = self._exact(request, project, name, stack_id, "member")
        if stack.deleted:
            raise stack_missing(name)
        self._engine.delete(stack, token_of(request))
        return answer(None, 204)

    async def template(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """GET /stacks/{name}/{id}/template"""
        return answer(self._exact(request, project, name, stack_id).template)

    async def files(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """GET /stacks/{name}/{id}/files"""
        return answer(self._exact(request, project, name, stack_id).files)

    async def environment(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """GET /stacks/{name}/{id}/environment"""
        stack = self._exact(request, project, name, stack_id)
        used = {name: name for name in stack.files if name in str(stack.template)}
        registry: dict[str, Any] = {"resources": {}} | used
        whole = {"parameter_defaults": {}, "resource_registry": registry}
        return answer(whole | stack.environment | {"parameters": stack.parameters})

    async def outputs(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """GET /stacks/{name}/{id}/outputs"""
        found = self._stacks.outputs(self._exact(request, project, name, stack_id))
        shown = [{"output_key": item["output_key"], "description": item["description"]} for item in found]
        return answer({"outputs": shown})

    async def output(self, request: Request, project: str, name: str, stack_id: str, key: str) -> HTTPResponse:
        """GET /stacks/{name}/{id}/outputs/{key}"""
        for item in self._stacks.outputs(self._exact(request, project, name, stack_id)):
            if item["output_key"] == key:
                return answer({"output": item})
        raise not_found(f"Specified output key {key} not found.", "NotFound")

    async def action(self, request: Request, project: str, name: str, stack_id: str) -> HTTPResponse:
        """POST /stacks/{name}/{id}/actions: check is the only one emulated."""
        stack = self._exact(request, project, name, stack_id, "member")
        body = body_of(request)
        if list(body) != ["check"]:
            raise bad_request(f"Action {', '.join(body)} is not supported by this emulation of Heat.", "NotSupported")
        self._engine.check(stack)
        return answer(None, 200)


def _name(body: dict[str, Any]) -> str:
    if "stack_name" not in body:
        raise bad_request("No stack name specified", "HTTPBadRequest")
    return str(body["stack_name"])


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    return definition_of(body) | {
        "tags": tags_of(body),
        "timeout_mins": timeout_of(body),
        "disable_rollback": bool(body.get("disable_rollback", True)),
    }


def _matches(stack: Stack, request: Request) -> bool:
    exact = {"id": stack.id, "action": stack.action, "username": stack.user_name, "owner_id": stack.parent_id}
    for field, value in exact.items():
        if field in request.args and value not in request.args.getlist(field):
            return False
    statuses = request.args.getlist("status")
    if statuses and not {stack.status, stack.state} & {str(status) for status in statuses}:
        return False
    have = set(stack.tags)
    tags, some = text_argument(request, "tags"), text_argument(request, "tags_any")
    not_all, not_any = text_argument(request, "not_tags"), text_argument(request, "not_tags_any")
    return (
        (tags is None or set(tags.split(",")) <= have)
        and (some is None or bool(set(some.split(",")) & have))
        and (not_all is None or not set(not_all.split(",")) <= have)
        and (not_any is None or not set(not_any.split(",")) & have)
    )
