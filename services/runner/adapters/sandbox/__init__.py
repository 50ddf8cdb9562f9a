"""The only boundary between what an element does and this machine: bubblewrap, seccomp, a cgroup and no network."""

from services.runner.adapters.sandbox.process import Sandbox, SandboxProcess, SandboxStart

__all__ = ["Sandbox", "SandboxProcess", "SandboxStart"]
