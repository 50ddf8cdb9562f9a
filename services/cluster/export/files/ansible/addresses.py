"""Reads a batch's output `servers` from standard input and writes each host's address to host_vars/<host>.yaml."""

import json
import sys
from pathlib import Path

found = json.load(sys.stdin)["output_value"]
servers = json.loads(found) if isinstance(found, str) else found
folder = Path(__file__).parent / "host_vars"
folder.mkdir(exist_ok=True)
for server in servers:
    address = server["address"]
    (folder / f"{server['name']}.yaml").write_text(f'ansible_host: "{address}"\ncluster_address: "{address}"\n')
