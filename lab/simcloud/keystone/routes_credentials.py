"""Routes of application credentials and trusts."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import answer, body_of, text_argument
from lab.simcloud.keystone.directory import or_missing
from lab.simcloud.keystone.policy import denied, require_self
from lab.simcloud.keystone.service import Identity


class CredentialRoutes:
    """A user's own secrets and delegations."""

    def __init__(self, identity: Identity) -> None:
        self._credentials = identity.credentials
        self._views = identity.views

    def table(self) -> list[Any]:
        """Method, path, handler."""
        path = "/v3/users/<user_id>/application_credentials"
        return [
            ("GET", path, self.index),
            ("POST", path, self.create),
            ("GET", f"{path}/<credential_id>", self.show),
            ("DELETE", f"{path}/<credential_id>", self.delete),
            ("GET", "/v3/OS-TRUST/trusts", self.list_trusts),
            ("POST", "/v3/OS-TRUST/trusts", self.create_trust),
            ("GET", "/v3/OS-TRUST/trusts/<trust_id>", self.show_trust),
            ("DELETE", "/v3/OS-TRUST/trusts/<trust_id>", self.delete_trust),
        ]

    async def index(self, request: Request, user_id: str) -> HTTPResponse:
        """GET /v3/users/{id}/application_credentials"""
        require_self(caller_of(request), user_id, "list_application_credentials")
        name = text_argument(request, "name")
        found = self._credentials.table.find(user_id=user_id, **({"name": name} if name else {}))
        shown = [self._views.credential(credential) for credential in found]
        return answer(self._views.page("application_credentials", shown))

    async def create(self, request: Request, user_id: str) -> HTTPResponse:
        """POST /v3/users/{id}/application_credentials: only for oneself."""
        caller = caller_of(request)
        if caller.user_id != user_id:
            raise denied("create_application_credential")
        credential, secret = self._credentials.create(caller, body_of(request, "application_credential"))
        return answer({"application_credential": self._views.credential(credential, secret)}, 201)

    async def show(self, request: Request, user_id: str, credential_id: str) -> HTTPResponse:
        """GET /v3/users/{id}/application_credentials/{id}"""
        require_self(caller_of(request), user_id, "get_application_credential")
        found = or_missing("application credential", self._credentials.table.get(credential_id), credential_id)
        return answer({"application_credential": self._views.credential(found)})

    async def delete(self, request: Request, user_id: str, credential_id: str) -> HTTPResponse:
        """DELETE /v3/users/{id}/application_credentials/{id}"""
        caller = caller_of(request)
        if caller.user_id != user_id and not caller.is_admin:
            raise denied("delete_application_credential")
        self._credentials.remove(caller, credential_id)
        return answer(None, 204)

    async def list_trusts(self, request: Request) -> HTTPResponse:
        """GET /v3/OS-TRUST/trusts: the caller's own; all of them for an administrator."""
        caller = caller_of(request)
        wanted = {} if caller.is_admin else {"trustor_user_id": caller.user_id}
        found = [self._views.trust(trust) for trust in self._credentials.trusts.find(**wanted)]
        return answer(self._views.page("trusts", found))

    async def create_trust(self, request: Request) -> HTTPResponse:
        """POST /v3/OS-TRUST/trusts"""
        trust = self._credentials.create_trust(caller_of(request), body_of(request, "trust"))
        return answer({"trust": self._views.trust(trust)}, 201)

    async def show_trust(self, request: Request, trust_id: str) -> HTTPResponse:
        """GET /v3/OS-TRUST/trusts/{id}"""
        trust = or_missing("trust", self._credentials.trusts.get(trust_id), trust_id)
        require_self(caller_of(request), trust.trustor_user_id, "get_trust")
        return answer({"trust": self._views.trust(trust)})

    async def delete_trust(self, request: Request, trust_id: str) -> HTTPResponse:
        """DELETE /v3/OS-TRUST/trusts/{id}"""
        trust = or_missing("trust", self._credentials.trusts.get(trust_id), trust_id)
        caller = caller_of(request)
        if caller.user_id != trust.trustor_user_id and not caller.is_admin:
            raise denied("delete_trust")
        self._credentials.trusts.remove(trust_id)
        return answer(None, 204)
