"""Whether the names that a plan gives to hosts can be host names."""

from collections import Counter

from services.chassis.errors import FieldProblem

LONGEST = 63
"""Characters of one label (RFC 1035, section 2.3.4)."""


def name_problems(names: list[str]) -> list[FieldProblem]:
    """Return what is wrong with the hosts' names: none at all, one that is too long, one that is there twice."""
    if not names:
        return [FieldProblem("/parameters", "It has no machine at all.")]
    longest = max(names, key=len)
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    problems = [
        FieldProblem("/name", f"Two hosts would be named {name}: the blueprint's roles clash.") for name in twice
    ]
    if len(longest) > LONGEST:
        hint = f"Choose a name that is {len(longest) - LONGEST} characters shorter."
        problems.append(FieldProblem("/name", f"The host name {longest} is longer than {LONGEST} characters.", hint))
    return problems
