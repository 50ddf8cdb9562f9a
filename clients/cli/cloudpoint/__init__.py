"""Cloudpoint's Python SDK: a typed client of the public API.

>>> from cloudpoint import Client
>>> client = Client("https://cloud.example.org", token="cpt_…")
>>> for cluster in client.clusters.list():
...     print(cluster.name, cluster.state)
"""

from cloudpoint.sdk.client import Client
from cloudpoint.sdk.errors import ApiProblem, ConnectionFailed, UnreadableAnswer

__all__ = ["ApiProblem", "Client", "ConnectionFailed", "UnreadableAnswer"]
