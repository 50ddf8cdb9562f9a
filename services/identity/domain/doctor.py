"""The checks of a cloud's Keystone: which there are, and what its answers mean."""

from datetime import datetime

from services.chassis.cloud.checking import Check, Verdict, failed, good, listed, warning
from services.identity.adapters.keystone.probe import Clock, Directory, KeystoneProbe, Token
from services.identity.config import CloudSettings

_API = "Keystone"
_SERVICES = {
    "identity": "Keystone",
    "orchestration": "Heat",
    "compute": "Nova",
    "placement": "Placement",
    "network": "Neutron",
    "image": "Glance",
    "baremetal": "Ironic",
}
# Keystone's policy `domain_managed_target_role` as it comes.
_GIVEN_BY_MANAGERS = frozenset({"manager", "member", "reader"})
# SSH certificates are good from a minute before they are made (services/secrets), passes take 5 s of difference.
_FAILING_SECONDS, _WORRYING_SECONDS = 60.0, 5.0


class Doctor:
    """Looks once at one cloud's Keystone."""

    def __init__(self, probe: KeystoneProbe, settings: CloudSettings) -> None:
        self._probe = probe
        self._settings = settings

    def checks(self) -> list[Check]:
        """Return all checks, in the order in which what they find is best mended."""
        logged_in = ("keystone-credential",)
        return [
            Check("keystone-credential", _API, self._credential),
            Check("clock", _API, self._clock),
            Check("catalogue", _API, self._catalogue, logged_in),
            Check("keystone-rights", _API, self._rights, ("keystone-credential", "catalogue")),
            Check("project-roles", _API, self._roles, ("keystone-rights",)),
            Check("password-expiry", _API, self._expiry, ("catalogue",)),
        ]

    async def _credential(self) -> Verdict:
        roles = listed((await self._probe.token()).roles)
        return good("Keystone takes the log-in.", f"roles: {roles}")

    async def _clock(self) -> Verdict:
        return judge_clock(await self._probe.clock())

    async def _catalogue(self) -> Verdict:
        return judge_catalogue(await self._probe.token(), self._settings.region)

    async def _rights(self) -> Verdict:
        token, directory = await self._probe.token(), await self._probe.directory()
        return judge_rights(token, directory, self._settings.domain_id)

    async def _roles(self) -> Verdict:
        token, directory = await self._probe.token(), await self._probe.directory()
        return judge_roles(self._settings.roles, directory.roles, token)

    async def _expiry(self) -> Verdict:
        token = await self._probe.token()
        return judge_expiry(await self._probe.password_ends(token.user_id))


def judge_expiry(ends: datetime | None) -> Verdict:
    """Where one password runs out, all do that are made there."""
    if ends:
        mend = "Unset password_expires_days of Keystone's [security_compliance], or exempt the platform's users."
        sentence = f"Passwords run out at this cloud, this one on {ends:%Y-%m-%d}: those of projects' users will too."
        return warning(sentence, mend)
    return good("Passwords at this cloud do not run out.")


def judge_clock(clock: Clock) -> Verdict:
    """What is signed here, such as SSH certificates, is taken or refused by the clocks over there."""
    apart = max(0.0, abs(clock.ahead_seconds) - clock.error_seconds)
    where = "ahead of" if clock.ahead_seconds > 0 else "behind"
    sentence = f"The cloud's clock is {abs(clock.ahead_seconds):.0f} s {where} this machine's."
    mend = "Keep time by NTP on both: chronyc tracking, timedatectl."
    if apart >= _FAILING_SECONDS:
        return failed(sentence, mend)
    if apart >= _WORRYING_SECONDS:
        return warning(sentence, mend)
    return good("The cloud's clock and this machine's agree.")


def judge_catalogue(token: Token, region: str) -> Verdict:
    """Whether the endpoints answer is seen by the services that call them."""
    hidden = token.project_id is None
    missing = {kind: name for kind, name in _SERVICES.items() if "public" not in token.endpoints.get(kind, {})}
    if hidden:
        # Heat's address has a project in it: only a token of one shows it.
        missing.pop("orchestration", None)
    if missing:
        mend = "openstack endpoint create --region REGION SERVICE public URL, or mend `region` in the configuration."
        seen = f"in region {region}: {listed(token.endpoints) or 'nothing'}"
        return failed(f"The catalogue has no public endpoint of {listed(missing.values())}.", mend, seen)
    words = " (Heat's can be seen by projects alone)" if hidden else ""
    return good(f"The catalogue has a public endpoint of each service in region {region}{words}.")


def judge_rights(token: Token, directory: Directory, domain_id: str) -> Verdict:
    """Projects and users are made by `admin`, or by the `manager` of a domain (Keystone 2025.1 and later)."""
    if directory.domain is None:
        mend = "Say an existing domain's id in `domain_id` (openstack domain list), one that the log-in manages."
        roles = f"roles: {', '.join(token.roles)}, on domain {token.domain_id}, project {token.project_id}"
        return failed(f"The log-in sees no domain {domain_id} for projects and users.", mend, roles)
    if not directory.enabled:
        return failed(f"The domain {directory.domain} is disabled.", f"openstack domain set --enable {domain_id}")
    if "admin" in token.roles or ("manager" in token.roles and token.domain_id == domain_id):
        return good(f"The log-in can make projects and users in the domain {directory.domain}.")
    mend = "openstack role add --user USER --user-domain DOMAIN --project PROJECT admin"
    roles = f"roles: {', '.join(token.roles)}"
    return failed(f"The log-in can make no projects and users in the domain {directory.domain}.", mend, roles)


def judge_roles(wanted: tuple[str, ...], there: frozenset[str], token: Token) -> Verdict:
    """Those of the wanted roles that the cloud has are given to each project's user."""
    missing = [role for role in wanted if role not in there]
    if len(missing) == len(wanted):
        mend = f"openstack role create {wanted[0] if wanted else 'member'}, or mend `roles` in the configuration."
        return failed(f"The cloud has none of the roles {listed(wanted)} for projects' users.", mend)
    if missing:
        mend = "Make them, or take them out of `roles` if Heat's trusts_delegated_roles does not name them."
        return warning(f"The cloud has no role {listed(missing)} for projects' users.", mend)
    refused = [] if "admin" in token.roles else sorted(set(wanted) - _GIVEN_BY_MANAGERS)
    if refused:
        mend = "Take them out of `roles`, or widen domain_managed_target_role in Keystone's policy."
        return warning(f"A domain's manager may not give projects' users the role {listed(refused)}.", mend)
    return good(f"The roles of projects' users are there: {listed(wanted)}.")
