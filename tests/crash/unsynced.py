"""A process, and all that it starts, whose waits for the disk do nothing.

The negative control: every fsync(2) and its like returns 0 at once, and there
are no asynchronous forms of it, by a filter of system calls, which also holds
for static programs and for those that a daemon starts with an environment of
its own.
"""

import ctypes
import errno
import platform
import struct

# fsync, fdatasync, syncfs, sync_file_range; io_setup, io_uring_setup
DONE = {"x86_64": (74, 75, 306, 277), "aarch64": (82, 83, 267, 84)}
MISSING = {"x86_64": (206, 425), "aarch64": (0, 425)}
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
LOAD_NUMBER = (0x20, 0, 0, 0)  # BPF_LD | BPF_W | BPF_ABS, seccomp_data.nr
JUMP_EQUAL = 0x15
RETURN = 0x06
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000  # with the error; 0: done


def possible():
    return platform.machine() in DONE


def rows():
    machine = platform.machine()
    yield LOAD_NUMBER
    for calls, error in ((DONE[machine], 0),
                         (MISSING[machine], errno.ENOSYS)):
        for call in calls:
            yield (JUMP_EQUAL, 0, 1, call)
            yield (RETURN, 0, 0, SECCOMP_RET_ERRNO | error)
    yield (RETURN, 0, 0, SECCOMP_RET_ALLOW)


def unsync():
    """For a child before its exec, as root."""
    all_rows = list(rows())
    program = ctypes.create_string_buffer(
        b"".join(struct.pack("=HBBI", *row) for row in all_rows))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(all_rows), ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) == -1:
        raise OSError(ctypes.get_errno(), "seccomp")
