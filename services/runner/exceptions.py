"""What can go wrong with a run before it is at work."""

from services.chassis.errors import Problem


class ElementMissing(Problem):
    slug = "element-missing"
    status = 422
    title = "There is no such element"


class CheckMissing(Problem):
    slug = "check-missing"
    status = 422
    title = "There is no such check"
