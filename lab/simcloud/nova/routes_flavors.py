"""Routes of flavors and key pairs."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import address_of, answer, body_of, text_argument
from lab.simcloud.api.versions import version_of
from lab.simcloud.errors import forbidden, not_found
from lab.simcloud.nova.flavors import Flavors, Keypairs
from lab.simcloud.nova.views import flavor_view, keypair_view


class FlavorRoutes:
    """Flavors and key pairs."""

    def __init__(self, flavors: Flavors, keypairs: Keypairs) -> None:
        self._flavors = flavors
        self._keypairs = keypairs

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v2.1/flavors", self.index),
            ("GET", "/v2.1/flavors/detail", self.list_detail),
            ("POST", "/v2.1/flavors", self.create),
            ("GET", "/v2.1/flavors/<flavor_id>", self.show),
            ("DELETE", "/v2.1/flavors/<flavor_id>", self.delete),
            ("GET", "/v2.1/flavors/<flavor_id>/os-extra_specs", self.specs),
            ("POST", "/v2.1/flavors/<flavor_id>/os-extra_specs", self.set_specs),
            ("DELETE", "/v2.1/flavors/<flavor_id>/os-extra_specs/<key>", self.delete_spec),
            ("GET", "/v2.1/os-keypairs", self.list_keys),
            ("POST", "/v2.1/os-keypairs", self.create_key),
            ("GET", "/v2.1/os-keypairs/<name>", self.show_key),
            ("DELETE", "/v2.1/os-keypairs/<name>", self.delete_key),
        ]

    @staticmethod
    def _require_admin(request: Request, rule: str) -> None:
        if not caller_of(request).is_admin:
            raise forbidden(f"Policy doesn't allow os_compute_api:{rule} to be performed.")

    async def index(self, request: Request) -> HTTPResponse:
        """GET /flavors"""
        return self._page(request, False)

    async def list_detail(self, request: Request) -> HTTPResponse:
        """GET /flavors/detail"""
        return self._page(request, True)

    def _page(self, request: Request, detail: bool) -> HTTPResponse:
        everything = caller_of(request).is_admin and text_argument(request, "is_public") == "None"
        found = self._flavors.table.find(
            after=text_argument(request, "marker"), **({} if everything else {"is_public": True})
        )
        root, version = address_of(request), version_of(request)
        return answer({"flavors": [flavor_view(flavor, root, version, detail) for flavor in found]})

    async def create(self, request: Request) -> HTTPResponse:
        """POST /flavors"""
        self._require_admin(request, "os-flavor-manage:create")
        flavor = self._flavors.create(body_of(request, "flavor"))
        return answer({"flavor": flavor_view(flavor, address_of(request), version_of(request))})

    async def show(self, request: Request, flavor_id: str) -> HTTPResponse:
        """GET /flavors/{id}"""
        flavor = self._flavors.get(flavor_id)
        return answer({"flavor": flavor_view(flavor, address_of(request), version_of(request))})

    async def delete(self, request: Request, flavor_id: str) -> HTTPResponse:
        """DELETE /flavors/{id}"""
        self._require_admin(request, "os-flavor-manage:delete")
        self._flavors.table.remove(self._flavors.get(flavor_id).id)
        return answer(None, 202)

    async def specs(self, request: Request, flavor_id: str) -> HTTPResponse:
        """GET /flavors/{id}/os-extra_specs"""
        return answer({"extra_specs": self._flavors.get(flavor_id).extra_specs})

    async def set_specs(self, request: Request, flavor_id: str) -> HTTPResponse:
        """POST /flavors/{id}/os-extra_specs"""
        self._require_admin(request, "os-flavor-extra-specs:create")
        flavor = self._flavors.get(flavor_id)
        given = {str(key): str(value) for key, value in body_of(request, "extra_specs").items()}
        flavor.extra_specs |= given
        self._flavors.table.save(flavor)
        return answer({"extra_specs": given})

    async def delete_spec(self, request: Request, flavor_id: str, key: str) -> HTTPResponse:
        """DELETE /flavors/{id}/os-extra_specs/{key}"""
        self._require_admin(request, "os-flavor-extra-specs:delete")
        flavor = self._flavors.get(flavor_id)
        if key not in flavor.extra_specs:
            raise not_found(f"Flavor {flavor_id} has no extra specs with key {key}.")
        del flavor.extra_specs[key]
        self._flavors.table.save(flavor)
        return answer(None, 200)

    async def list_keys(self, request: Request) -> HTTPResponse:
        """GET /os-keypairs"""
        found = self._keypairs.table.find(user_id=caller_of(request).user_id)
        return answer({"keypairs": [{"keypair": keypair_view(pair, version_of(request))} for pair in found]})

    async def create_key(self, request: Request) -> HTTPResponse:
        """POST /os-keypairs"""
        body = body_of(request, "keypair")
        pair, private = self._keypairs.create(caller_of(request).user_id, str(body.get("name")), body.get("public_key"))
        shown = keypair_view(pair, version_of(request)) | {"user_id": pair.user_id}
        shown |= {"private_key": private} if private else {}
        return answer({"keypair": shown}, 201 if version_of(request) >= (2, 2) else 200)

    async def show_key(self, request: Request, name: str) -> HTTPResponse:
        """GET /os-keypairs/{name}"""
        pair = self._keypairs.get(caller_of(request).user_id, name)
        times = {"created_at": pair.created_at.rstrip("Z") + ".000000", "updated_at": None, "deleted_at": None}
        more = {"user_id": pair.user_id, "deleted": False, "id": 1}
        return answer({"keypair": keypair_view(pair, version_of(request)) | times | more})

    async def delete_key(self, request: Request, name: str) -> HTTPResponse:
        """DELETE /os-keypairs/{name}"""
        self._keypairs.table.remove(self._keypairs.get(caller_of(request).user_id, name).id)
        return answer(None, 204 if version_of(request) >= (2, 2) else 202)
