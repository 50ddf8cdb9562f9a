"""The Redfish service of one machine's BMC, in a process of its own.

Shapes of resources and actions follow DMTF's DSP0266 (protocol) and DSP2046 (resources), as far as Ironic's `redfish`
driver and the `sushy` client use them; the tests hold it to `sushy`. The BMC keeps no state but log-in sessions: all
else it asks of the rack, so that it may die and come back at any time.
"""
