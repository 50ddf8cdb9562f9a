"""The states of a run, with a sentence each."""

RUN_STATES = {
    "queued": "It waits for a place at a runner.",
    "running": "It is at work on its hosts.",
    "succeeded": "Every element came to a good end on every one of its hosts.",
    "failed": "It came to its end, but not everywhere to a good one; the matrix and the reason say where.",
    "cancelled": "It was ended on request, here and on its hosts.",
    "lost": "The runner that carried it went away; what it had started on its hosts has been ended.",
}
ENDED = frozenset({"succeeded", "failed", "cancelled", "lost"})
"""The states that a run never leaves."""
