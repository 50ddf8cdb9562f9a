"""How each service words an error that nothing in it asked for.

Sources: webob's explanations, which Heat, Glance, Placement and Neutron show; keystone.exception, nova.api.openstack's
FaultWrapper, neutron_lib's translation of unexpected errors, ironic.common.exception.
"""

from http import HTTPStatus

from lab.simcloud.errors import ApiError
from lab.simcloud.knobs.records import CallKnob

_GENERAL = {
    401: "The request you have made requires authentication.",
    403: "Access was denied to this resource.",
    404: "The resource could not be found.",
    409: "There was a conflict when trying to complete your request.",
    429: "Too many requests. Please wait.",
    500: "The server has either erred or is incapable of performing the requested operation.",
    502: "Bad gateway.",
    503: "The server is currently unavailable. Please try again at a later time.",
    504: "The gateway has timed out.",
}
_OWN = {
    ("keystone", 500): "An unexpected error prevented the server from fulfilling your request.",
    ("nova", 500): (
        "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if "
        "possible.\n<class 'oslo_messaging.exceptions.MessagingTimeout'>"
    ),
    ("neutron", 500): "Request Failed: internal server error while processing your request.",
    ("ironic", 409): "Node is locked by another host, please retry after the current operation is completed.",
    ("ironic", 503): "Requested action cannot be performed due to lack of free conductor workers.",
    ("heat", 500): "",
}
_KINDS = {
    ("neutron", 500): "HTTPInternalServerError",
    ("neutron", 503): "HTTPServiceUnavailable",
    ("heat", 500): "MessagingTimeout",
    ("heat", 503): "HTTPServiceUnavailable",
}


def refusal_of(knob: CallKnob, service: str) -> ApiError:
    """The error that a knob asks for, worded as the service would."""
    place = service, knob.status
    message = knob.message
    if message is None:
        message = _OWN.get(place, _GENERAL.get(knob.status, HTTPStatus(knob.status).phrase))
    kind = _KINDS.get(place, HTTPStatus(knob.status).phrase.replace(" ", "")) if knob.kind is None else knob.kind
    return ApiError(knob.status, message, kind, knob.headers)
