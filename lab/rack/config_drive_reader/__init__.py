"""What a lab machine learns from the config drive in its virtual media. Runs inside the machine, at boot.

Copied into the image as the Python package `config_drive_reader`; it uses only what the image has (Python 3.11,
pycdlib, yaml, iproute2) and imports nothing of the rack. Format of the drive: OpenStack's config drive, version
`latest`, https://docs.openstack.org/nova/latest/user/metadata.html.
"""
