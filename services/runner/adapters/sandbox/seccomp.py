"""The system calls that nothing in the sandbox may make, as a compiled filter for bubblewrap.

Everything is allowed but what reaches around namespaces: mounts, other processes' memory, new namespaces, kernel
modules, keys, BPF, io_uring, and socket families that network namespaces do not contain (vsock reaches a hypervisor).
The refused calls are those of Docker's and systemd's default filters; libseccomp knows the numbers on each processor.
"""

import ctypes
import errno
import os
from functools import lru_cache

REFUSED = (
    *("mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "mount_setattr"),
    *("fsopen", "fsmount", "fsconfig", "fspick", "open_by_handle_at", "name_to_handle_at"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
    *("unshare", "setns", "bpf", "perf_event_open", "userfaultfd", "fanotify_init", "lookup_dcookie"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("keyctl", "add_key", "request_key"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load"),
    *("reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "vhangup", "nfsservctl"),
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "iopl", "ioperm", "personality"),
)
"""Answered with EPERM."""

_NEW_NAMESPACES = 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x00020000
"""CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWNS of ``<linux/sched.h>``."""
_NAMESPACE_FLAGS = tuple(1 << bit for bit in range(32) if _NEW_NAMESPACES >> bit & 1)

_TERMINAL_INJECTION = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX of ``<asm-generic/ioctls.h>``: they type into another's terminal."""

_SOCKET_FAMILIES = {1, 2, 10, 16}
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: all that stays inside a network namespace and that tools need."""
_FAMILIES_LISTED = 17

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_GREATER_OR_EQUAL, _EQUAL, _MASKED_EQUAL = 5, 4, 7
"""``SCMP_ACT_*`` and ``SCMP_CMP_*`` of ``<seccomp.h>``."""


class SeccompMissing(Exception):
    """libseccomp (Debian's ``libseccomp2``) can't be used here."""


class _Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    ]


@lru_cache(maxsize=1)
def program() -> bytes:
    """Return the filter as the kernel takes it (an array of ``struct sock_filter``). Raises SeccompMissing."""
    library = _library()
    context = library.seccomp_init(_ALLOW)
    try:
        for name in REFUSED:
            _refuse(library, context, name, errno.EPERM)
        _refuse(library, context, "clone3", errno.ENOSYS)
        for flag in _NAMESPACE_FLAGS:
            _refuse(library, context, "clone", errno.EPERM, _Comparison(0, _MASKED_EQUAL, flag, flag))
        for request in _TERMINAL_INJECTION:
            _refuse(library, context, "ioctl", errno.EPERM, _Comparison(1, _MASKED_EQUAL, 0xFFFFFFFF, request))
        _refuse_families(library, context)
        return _export(library, context)
    finally:
        library.seccomp_release(context)


def _refuse_families(library: ctypes.CDLL, context: int) -> None:
    for family in sorted(set(range(_FAMILIES_LISTED)) - _SOCKET_FAMILIES):
        _refuse(library, context, "socket", errno.EAFNOSUPPORT, _Comparison(0, _EQUAL, family, 0))
    rest = _Comparison(0, _GREATER_OR_EQUAL, _FAMILIES_LISTED, 0)
    _refuse(library, context, "socket", errno.EAFNOSUPPORT, rest)


def _refuse(library: ctypes.CDLL, context: int, name: str, error: int, *when: _Comparison) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:
        return
    conditions = (_Comparison * len(when))(*when)
    result = library.seccomp_rule_add_array(context, _ERRNO | error, number, len(when), conditions)
    if result != 0:
        raise SeccompMissing(f"libseccomp refuses a rule for {name}: {os.strerror(-result)}.")


def _export(library: ctypes.CDLL, context: int) -> bytes:
    descriptor = os.memfd_create("seccomp")
    try:
        if library.seccomp_export_bpf(context, descriptor) != 0:
            raise SeccompMissing("libseccomp can't compile the filter.")
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, 1 << 20)
    finally:
        os.close(descriptor)


def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError as error:
        raise SeccompMissing("libseccomp.so.2 is not installed (Debian: libseccomp2).") from error
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    library.seccomp_rule_add_array.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Comparison)),
    ]
    library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    return library
