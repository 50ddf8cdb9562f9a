"""A server's own user data beside the platform's, by which the machine trusts the cluster's SSH authority.

Both go into one MIME multipart text, which cloud-init takes apart; its header Merge-Type has the lists of both
cloud-configs put one after the other. Source: cloud-init's documentation, "User data formats" and "Merging user data
sections".
"""

from typing import Any

_BOUNDARY = "==cloudpoint=="
_OURS = {"get_param": "user_data"}
_HEAD = (
    f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"',
    "MIME-Version: 1.0",
    "",
    f"--{_BOUNDARY}",
    'Content-Type: text/plain; charset="utf-8"',
    "Content-Transfer-Encoding: 8bit",
    "",
)
_BETWEEN = (
    f"--{_BOUNDARY}",
    'Content-Type: text/cloud-config; charset="utf-8"',
    "Content-Transfer-Encoding: 8bit",
    "Merge-Type: list(append)+dict(no_replace,recurse_list)+str()",
    "",
)


def beside(theirs: Any) -> Any:
    """Return user data that holds the template's own, if there is any, and the platform's."""
    if theirs in (None, ""):
        return _OURS
    return {"list_join": ["\n", [*_HEAD, theirs, *_BETWEEN, _OURS, f"--{_BOUNDARY}--", ""]]}
