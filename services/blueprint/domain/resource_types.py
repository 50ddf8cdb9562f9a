"""Which of Heat's resource types are taken, and why others are not."""

ALLOWED_TYPES = frozenset(
    {
        "OS::Cinder::Volume",
        "OS::Cinder::VolumeAttachment",
        "OS::Heat::None",
        "OS::Heat::RandomString",
        "OS::Heat::ResourceGroup",
        "OS::Heat::Value",
        "OS::Neutron::FloatingIP",
        "OS::Neutron::FloatingIPAssociation",
        "OS::Neutron::Net",
        "OS::Neutron::Port",
        "OS::Neutron::Router",
        "OS::Neutron::RouterInterface",
        "OS::Neutron::SecurityGroup",
        "OS::Neutron::SecurityGroupRule",
        "OS::Neutron::Subnet",
        "OS::Nova::KeyPair",
        "OS::Nova::Server",
        "OS::Nova::ServerGroup",
    }
)
"""Types that make machines, networks and volumes of the customer's own project, and nothing that runs elsewhere."""

_OUTSIDE = ("http://", "https://", "file://", "swift://")
_TEMPLATES = (".yaml", ".yml", ".template")

_CONFIGURES = "Machines are set up by elements: put what it does into one."
_GROWS = "A plan says how many machines there are: use OS::Heat::ResourceGroup with a count that is a parameter."
_WAITS = "The platform itself waits until machines are reached and elements have run: leave it out."
_RULES = "It changes what projects may do, or who may, which the operators of the cloud decide."
_CALLS = "It has other services run or call something later, outside of what a plan says."
_OLD = "Heat itself has given it up."
_SERVICE = "Clusters use the cloud's machines, networks and volumes, and none of its other services."
_REASONS: tuple[tuple[str, str], ...] = (
    ("AWS::", "Types of AWS are not taken: use the type of OpenStack."),
    ("OS::Heat::AutoScalingGroup", _GROWS),
    ("OS::Heat::InstanceGroup", _GROWS),
    ("OS::Heat::ScaledResource", _GROWS),
    ("OS::Heat::ScalingPolicy", _GROWS),
    ("OS::Heat::ResourceChain", "Write its resources out, or use OS::Heat::ResourceGroup."),
    ("OS::Heat::Stack", "It may work in other projects and regions: name a template under infrastructure.files."),
    ("OS::Heat::CloudConfig", "Write the text into user_data, or into an element."),
    ("OS::Heat::MultipartMime", "Write the text into user_data, or into an element."),
    ("OS::Heat::DeployedServer", "Machines are made by OS::Nova::Server."),
    ("OS::Heat::Software", _CONFIGURES),
    ("OS::Heat::Structured", _CONFIGURES),
    ("OS::Heat::SwiftSignal", _WAITS),
    ("OS::Heat::WaitCondition", _WAITS),
    ("OS::Heat::UpdateWaitCondition", _WAITS),
    ("OS::Heat::Delay", _WAITS),
    ("OS::Heat::HARestarter", "The platform watches machines and tells of those that fail: leave it out."),
    ("OS::Heat::AccessPolicy", _RULES),
    ("OS::Heat::TestResource", "It is for tests of Heat: leave it out."),
    ("OS::Keystone::", _RULES),
    ("OS::Nova::FloatingIP", f"{_OLD} Use OS::Neutron::FloatingIP."),
    ("OS::Nova::", _RULES),
    ("OS::Cinder::", _RULES),
    ("OS::Ironic::", _RULES),
    ("OS::Blazar::", _RULES),
    ("OS::Neutron::Quota", _RULES),
    ("OS::Neutron::RBACPolicy", _RULES),
    ("OS::Neutron::ProviderNet", _RULES),
    ("OS::Neutron::Segment", _RULES),
    ("OS::Neutron::AddressScope", _RULES),
    ("OS::Neutron::SubnetPool", _RULES),
    ("OS::Neutron::QoS", _RULES),
    ("OS::Neutron::Metering", _RULES),
    ("OS::Neutron::RouterGateway", f"{_OLD} Use external_gateway_info of OS::Neutron::Router."),
    ("OS::Neutron::ExtraRoute", "It changes routers that others use too: leave it out."),
    ("OS::Neutron::", "Of networks, machines need networks, ports, routers, security groups and floating IPs only."),
    ("OS::Glance::", "Images are put into the cloud before: openstack image create."),
    ("OS::Mistral::", _CALLS),
    ("OS::Zaqar::", _CALLS),
    ("OS::Aodh::", _CALLS),
    ("OS::Monasca::", f"{_OLD} {_CALLS}"),
    ("OS::Senlin::", f"{_OLD} {_GROWS}"),
    ("OS::Sahara::", f"{_OLD} Its clusters are what a blueprint with elements makes."),
    ("OS::Magnum::", "Its clusters are made beside the platform, which could not plan, reach or remove them."),
    *((f"OS::{name}::", _SERVICE) for name in ("Barbican", "Designate", "Manila", "Octavia", "Swift", "Trove")),
    *((f"OS::{name}::", _SERVICE) for name in ("Vitrage", "Zun")),
)
"""By the beginnings of types, the first that fits."""


def refusal(kind: str) -> tuple[str, str] | None:
    """Return a sentence and what to do if a resource type is not taken; None if it is."""
    if kind in ALLOWED_TYPES:
        return None
    if kind.startswith(_OUTSIDE):
        return "A template from another address is not allowed.", "Put it into the folder, under infrastructure.files."
    if kind.endswith(_TEMPLATES):
        return f"The template {kind} is not allowed: it is not there.", "List it under infrastructure.files."
    known = ", ".join(sorted(ALLOWED_TYPES))
    reason = next((words for beginning, words in _REASONS if kind.startswith(beginning)), "Heat has no such type.")
    return f"The resource type {kind} is not allowed. {reason}", f"Allowed are: {known}, and templates of the folder."
