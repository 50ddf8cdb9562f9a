"""What secrets refuses."""

from services.chassis.errors import Conflict, InvalidRequest, Unavailable


class MasterKeyMissing(Unavailable):
    slug = "master-key-missing"
    title = "The key that sealed this value is not here"


class SealBroken(Unavailable):
    slug = "seal-broken"
    title = "The sealed value was changed"


class UnknownSecretKind(InvalidRequest):
    slug = "unknown-secret-kind"
    title = "There is no such kind of secret"


class NotSignable(InvalidRequest):
    slug = "not-signable"
    title = "The certificate can't be made"


class ForeignCluster(Conflict):
    slug = "foreign-cluster"
    title = "The cluster belongs to another project"
