"""Keystone's parts, put together."""

import sqlite3

from lab.simcloud.config import CloudConfig
from lab.simcloud.keystone.catalog import Catalog
from lab.simcloud.keystone.credentials import Credentials
from lab.simcloud.keystone.directory import Directory
from lab.simcloud.keystone.tokens import Tokens
from lab.simcloud.keystone.views import Views


class Identity:
    """All of Keystone but its routes."""

    def __init__(self, config: CloudConfig, database: sqlite3.Connection) -> None:
        self.directory = Directory(database)
        self.credentials = Credentials(database, self.directory)
        self.tokens = Tokens(database, self.directory, self.credentials, config.tuning)
        self.catalog = Catalog(config)
        self.views = Views(config.url("keystone"), self.directory, self.catalog)
