"""Checks of a cloud: each looks at one thing and says what it found and what to mend; none hides another.

What a check's call to the cloud raises becomes its finding. A check whose ``needs`` failed is not tried: it would only
say the same again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from keystoneauth1 import exceptions as keystone_errors

from services.chassis import deadline
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.contracts.cloud_checks import CloudFinding, CloudReport

log = get_logger("chassis.checking")
CHECK_SECONDS = 20.0
"""The longest that one check may take: well before the request's deadline, so that silence is a finding too."""
# What the report itself may take of the request's time.
_REPORT_SECONDS = 2.0
_MOST_NAMES = 5
_EVIDENCE_CHARACTERS = 1000
_NO_ENDPOINT = (keystone_errors.CatalogException, keystone_errors.EndpointNotFound)
_NO_ANSWER = (keystone_errors.ConnectionError, keystone_errors.DiscoveryFailure, OSError, TimeoutError)


@dataclass(frozen=True)
class Verdict:
    """What a check says of what it looked at; the words of :class:`CloudFinding`."""

    state: str
    sentence: str
    what_to_mend: str | None = None
    evidence: str | None = None


def good(sentence: str, evidence: str | None = None) -> Verdict:
    return Verdict("ok", sentence, None, evidence)


def warning(sentence: str, what_to_mend: str, evidence: str | None = None) -> Verdict:
    return Verdict("warning", sentence, what_to_mend, evidence)


def failed(sentence: str, what_to_mend: str, evidence: str | None = None) -> Verdict:
    return Verdict("failed", sentence, what_to_mend, evidence)


def unchecked(sentence: str, what_to_mend: str | None = None) -> Verdict:
    return Verdict("unchecked", sentence, what_to_mend)


@dataclass(frozen=True)
class Check:
    """One check: its name, which the operators' page explains, and the ``api`` that it calls, as a person names it."""

    name: str
    api: str
    look: Callable[[], Awaitable[Verdict]]
    needs: tuple[str, ...] = ()


async def examine(service: str, cloud_id: str, checks: Sequence[Check]) -> CloudReport:
    """Try all checks side by side, each after those that it needs; never raises for what a check meets."""
    running: dict[str, asyncio.Future[Verdict]] = {}
    for check in checks:
        needed = {name: running[name] for name in check.needs}
        running[check.name] = asyncio.ensure_future(_after(check, needed, service, cloud_id))
    try:
        verdicts = await asyncio.gather(*running.values())
    finally:
        for task in running.values():
            task.cancel()
    findings = [_finding(check.name, verdict) for check, verdict in zip(checks, verdicts, strict=True)]
    return CloudReport(cloud_id=cloud_id, service=service, looked_at=datetime.now(UTC), findings=findings)


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence: the first few, and how many more there are."""
    found = sorted(names)
    more = f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    return ", ".join(found[:_MOST_NAMES]) + more


async def _after(check: Check, needed: dict[str, asyncio.Future[Verdict]], service: str, cloud_id: str) -> Verdict:
    for name, task in needed.items():
        if (await task).state in ("failed", "unchecked"):
            return unchecked(f"Not looked at: {name} comes first.")
    left = deadline.remaining(CHECK_SECONDS + _REPORT_SECONDS) - _REPORT_SECONDS
    if left <= 0:
        return unchecked("No time was left for it: the cloud answers slowly.", "Mend the others, and check again.")
    try:
        async with asyncio.timeout(left):
            return await check.look()
    except Exception as error:
        log.info("check.failed", check=check.name, cloud_id=cloud_id, error=repr(error))
        return verdict_of(error, check.api, f"clouds.{cloud_id} of {service}'s configuration")


def verdict_of(error: Exception, api: str, place: str) -> Verdict:
    """Return what an error of a call to ``api`` means to an operator; ``place`` is where its credential is written."""
    said = f"{type(error).__name__}: {error}" if str(error) else "There was no answer in time."
    status = getattr(error, "http_status", None) or getattr(error, "status_code", None) or getattr(error, "code", None)
    if status == 401:
        mend = f"Mend user, password, domains and scope in {place}; the user may also be disabled or locked."
        return failed("Keystone refuses the credential.", mend, said)
    if status == 403:
        mend = f"Give the user of {place} the roles that docs/operator/your-openstack.md names."
        return failed(f"{api} forbids what the platform needs.", mend, said)
    if isinstance(status, int):
        return failed(f"{api} answers {status}.", f"See {api}'s log.", said)
    if isinstance(error, _NO_ENDPOINT):
        mend = f"Make the endpoint (openstack endpoint create), or mend region and interface in {place}."
        return failed(f"The catalogue has no endpoint of {api} in the region.", mend, said)
    if isinstance(error, keystone_errors.SSLError):
        return failed(f"{api} has no certificate that is trusted here.", "Trust its authority on this machine.", said)
    if isinstance(error, _NO_ANSWER):
        mend = f"Start {api}, open the way to it, or mend its address (Keystone's: auth_url in {place})."
        return failed(f"{api} does not answer.", mend, said)
    if isinstance(error, Problem):
        mend = error.hint_text or f"See {api}'s log."
        return failed(error.detail, mend, said)
    log.error("check.broken", api=api, exc_info=error)
    return failed("The check itself failed.", "See the log of the service; please tell us.", said)


def _finding(name: str, verdict: Verdict) -> CloudFinding:
    evidence = verdict.evidence[:_EVIDENCE_CHARACTERS] if verdict.evidence else None
    return CloudFinding(
        check=name,
        state=verdict.state,
        sentence=verdict.sentence,
        what_to_mend=verdict.what_to_mend,
        evidence=evidence,
    )
