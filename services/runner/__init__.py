"""Runs elements on hosts by Ansible, in a sandbox, and tells what happens as it happens."""
