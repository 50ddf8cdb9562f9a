"""How a machine can be broken on purpose, each with the sentence that `break --help` shows."""

FAULTS = {
    "bmc-hang": "The BMC takes connections and never answers.",
    "bmc-dead": "The BMC's process is gone: connections are refused.",
    "bmc-error": "The BMC answers every request with 503.",
    "power-stuck": "The BMC accepts power commands and nothing happens.",
    "media-fail": "Inserting virtual media fails with 500.",
    "no-boot": "The next boots stop in the firmware: power on, no system.",
    "no-network": "The cable is out of the switch: the system runs, nothing reaches it.",
    "frozen": "The system hangs: no process runs until the fault is mended or the power cut.",
}
