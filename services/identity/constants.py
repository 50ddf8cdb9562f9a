"""Numbers of identity, each with its reason."""

API_SESSION_SECONDS = 300
"""How long a session token lasts that stands for an API token: the longest that an ended one could be missed."""

LAST_USED_SECONDS = 60
"""How often the last use of an API token is written."""

MOST_KEYS = 100
MOST_TOKENS = 100
"""Of one person: nobody needs more, and a list of them stays one page."""

WAITING_PASSWORDS = 32
"""Log-ins that wait for a thread; beyond that the answer is 429."""

SMALLEST_RSA_BITS = 2048
"""NIST SP 800-57 part 1, revision 5: 112 bits of security."""
