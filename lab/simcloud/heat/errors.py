"""Heat's refusals, in its words."""

from lab.simcloud.errors import ApiError


def invalid(message: str) -> ApiError:
    """400: a template or its values do not make sense."""
    return ApiError(400, message, "StackValidationFailed")


def property_error(resource: str, where: str, message: str) -> ApiError:
    """400: a property of a resource is wrong. where: path below `properties`, or empty."""
    path = f"resources.{resource}.properties" + (f".{where}" if where else "")
    return ApiError(400, f"Property error: : {path}: : {message}", "StackValidationFailed")


def parameter_missing(name: str) -> ApiError:
    """400: a parameter without default was not given."""
    return ApiError(400, f"The Parameter ({name}) was not provided.", "UserParameterMissing")


def parameter_unknown(name: str) -> ApiError:
    """400: the template has no such parameter."""
    return ApiError(400, f"The Parameter ({name}) was not defined in template.", "UnknownUserParameter")


def bad_reference(target: str, where: str) -> ApiError:
    """400: a resource or attribute is named that does not exist."""
    message = f'The specified reference "{target}" (in {where}) is incorrect.'
    return ApiError(400, message, "InvalidTemplateReference")


def stack_missing(name: str) -> ApiError:
    """404: no such stack."""
    return ApiError(404, f"The Stack ({name}) could not be found.", "EntityNotFound")


def resource_missing(resource: str, stack: str) -> ApiError:
    """404: the stack has no such resource."""
    message = f"The Resource ({resource}) could not be found in Stack {stack}."
    return ApiError(404, message, "ResourceNotFound")


def stack_exists(name: str) -> ApiError:
    """409: the name is in use."""
    return ApiError(409, f"The Stack ({name}) already exists.", "StackExists")


def untrusted() -> ApiError:
    """500: Keystone let Heat make no trust; Heat words it no better."""
    return ApiError(500, "", "RemoteError")


def action_in_progress(name: str, action: str) -> ApiError:
    """409: the stack is busy."""
    message = f"Stack {name} already has an action ({action}) in progress."
    return ApiError(409, message, "ActionInProgress")


class ResourceFailure(Exception):
    """A resource could not be made, changed or deleted.

    error: name of the cause, as `ResourceInError`. path: where in the (nested) stack. text: what happened.
    """

    def __init__(self, error: str, text: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.error = error
        self.text = text
        self.path = path

    def below(self, *outer: str) -> "ResourceFailure":
        """The same failure, seen from an outer stack."""
        return ResourceFailure(self.error, self.text, (*outer, *self.path))

    def reason(self) -> str:
        """As a resource's status reason says it: `ResourceInError: resources.server: Went to status ERROR …`."""
        shown = ""
        for item in self.path:
            shown += f"[{item}]" if item.isdigit() else f".{item}" if shown else item
        return f"{self.error}: {shown}: {self.text}" if shown else f"{self.error}: {self.text}"


class InvalidInside(ResourceFailure):
    """A value inside a nested stack turned out wrong when that stack was made. Heat words it in a way of its own."""

    def __init__(self, text: str, path: tuple[str, ...] = ()) -> None:
        super().__init__("StackValidationFailed", text, path)

    def below(self, *outer: str) -> "InvalidInside":
        """The same failure, seen from an outer stack."""
        return InvalidInside(self.text, (*outer, *self.path))

    def reason(self) -> str:
        """`resources[0]: resources.machines.Property error: resources.server.properties.image: …`."""
        names = self.path[1:-2:2]
        outer = [f"resources[{name}]" if name.isdigit() else f"resources.{name}" for name in reversed(names)]
        return f"{': '.join(outer)}.{self.text}" if outer else self.text


class ResourceInError(ResourceFailure):
    """The thing behind a resource went to an error state; Heat makes it anew a few times."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__("ResourceInError", f'Went to status {status} due to "{reason}"')
