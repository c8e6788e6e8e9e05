"""Disks in files: loop devices, mounts, and a disk that records its writes.

Everything happens in a mount namespace of the calling process, and loop
devices let go of their files when they are closed: whatever becomes of the
process, nothing stays behind.
"""

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

# linux/loop.h
LOOP_CTL_GET_FREE = 0x4C82
LOOP_CONFIGURE = 0x4C0A
LO_FLAGS_AUTOCLEAR = 4
LO_FLAGS_DIRECT_IO = 16
LOOP_CONFIG_SIZE = 304
LOOP_FLAGS_AT = 4 + 4 + 8 * 5 + 4 * 3  # loop_config.info.lo_flags

CLONE_NEWNS = 0x20000
MS_NOATIME = 1024
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

MIB = 1 << 20

# How big, how made, how mounted, how looked over (0: nothing to mend).
FILE_SYSTEMS = {
    "ext4": (64 * MIB, "mkfs.ext4 -q -F -b 4096 -O has_journal -J size=4 "
             "-E lazy_itable_init=0,lazy_journal_init=0", "",
             "e2fsck -f -n"),
    "xfs": (320 * MIB, "mkfs.xfs -q -f -K", "", "xfs_repair -n"),
    "btrfs": (128 * MIB, "mkfs.btrfs -q -f -K", "", "btrfs check"),
}

libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(what, where, kind, flags=0, data=""):
    must(libc.mount(str(what).encode(), str(where).encode(), kind.encode(),
                    ctypes.c_ulong(flags), data.encode()),
         f"mount {what} on {where}")


def bind(what, where):
    mount(what, where, "none", MS_BIND)


def umount(where):
    """What a process that is just ending still holds, it soon does not."""
    for last in [False] * 100 + [True]:
        result = libc.umount2(str(where).encode(), 0)
        if result == 0 or last:
            break
        time.sleep(0.02)
    must(result, f"umount {where}")


def private():
    """Mounts of this process, and of those it starts, are theirs alone."""
    must(libc.unshare(CLONE_NEWNS), "unshare")
    mount("none", "/", "none", MS_REC | MS_PRIVATE)


def why_not(build, *kinds):
    """What keeps a disk from being recorded on this machine, or None."""
    if os.geteuid() != 0:
        return "not root: wanted to mount file systems"
    if not (build / "tests/crash/blocklog").exists():
        return "blocklog is not built (libfuse3-dev?)"
    for kind in kinds:
        tool = FILE_SYSTEMS[kind][1].split()[0]
        if shutil.which(tool) is None:
            return f"{tool}: not installed"
        if f"\t{kind}\n" not in Path("/proc/filesystems").read_text():
            return f"the kernel has no {kind}"
    child = os.fork()
    if child == 0:
        os._exit(try_all())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return f"{LACKING[status]}: not to be had here" if status else None


LACKING = {1: "a mount namespace", 2: "/dev/fuse", 3: "a loop device"}


def try_all():
    """In a process of its own; 0, or what there is not."""
    missing = 1
    try:
        private()
        missing = 2
        os.close(os.open("/dev/fuse", os.O_RDWR))
        missing = 3
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(MIB)
            with Loop(file.name):
                return 0
    except OSError:
        return missing


def work_dir():
    """A place for images: memory if there is enough of it."""
    for place in ("/dev/shm", tempfile.gettempdir()):
        if os.path.isdir(place) and shutil.disk_usage(place).free > 2048 * MIB:
            break
    path = Path(tempfile.mkdtemp(prefix="postrider-crash-", dir=place))
    path.chmod(0o711)  # the suite's users pass
    return path


class Loop:
    """A loop device on a file for as long as it is open or mounted."""

    def __init__(self, path, direct=False):
        flags = LO_FLAGS_AUTOCLEAR | (LO_FLAGS_DIRECT_IO if direct else 0)
        config = bytearray(LOOP_CONFIG_SIZE)
        back = os.open(path, os.O_RDWR | (os.O_DIRECT if direct else 0))
        try:
            struct.pack_into("=I", config, 0, back)
            struct.pack_into("=I", config, LOOP_FLAGS_AT, flags)
            self.fd = self.attach(config)
        finally:
            os.close(back)

    def attach(self, config):
        """The first free one that nobody else takes at the same time."""
        control = os.open("/dev/loop-control", os.O_RDWR)
        try:
            for _ in range(100):
                number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
                self.path = f"/dev/loop{number}"
                fd = os.open(self.path, os.O_RDWR)
                try:
                    fcntl.ioctl(fd, LOOP_CONFIGURE, config)
                    return fd
                except OSError:
                    os.close(fd)
                    time.sleep(0.01)
        finally:
            os.close(control)
        raise OSError("no loop device to be had")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.close(self.fd)


class Mounted:
    """The file system in a file, mounted at a place."""

    def __init__(self, image, where, kind, flags=MS_NOATIME):
        self.where = Path(where)
        with Loop(image) as loop:
            mount(loop.path, where, kind, flags, FILE_SYSTEMS[kind][2])

    def __enter__(self):
        return self.where

    def __exit__(self, *exc):
        umount(self.where)


class Recorder:
    """A new file system on a disk whose writes are recorded; see blocklog.c.

    The caller is alone in its mount namespace.
    """

    def __init__(self, build, work, kind="ext4", flush=0):
        """A flush takes so many microseconds."""
        self.kind = kind
        self.image, self.log = work / "disk.img", work / "disk.log"
        self.fuse, self.where = work / "fuse", work / "mnt"
        size, mkfs, options, _ = FILE_SYSTEMS[kind]
        for place in (self.fuse, self.where):
            place.mkdir()
        with open(self.image, "wb") as f:
            f.truncate(size)
        self.process = subprocess.Popen(
            [build / "tests/crash/blocklog", self.image, self.log, self.fuse,
             str(flush)],
            stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            self.wait_ready()
            with Loop(self.fuse / "disk", direct=True) as loop:
                subprocess.run([*mkfs.split(), loop.path], check=True,
                               stdout=subprocess.DEVNULL)
                mount(loop.path, self.where, kind, MS_NOATIME, options)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.marks = os.open(self.fuse / "mark", os.O_WRONLY)

    def wait_ready(self):
        for _ in range(500):
            if os.path.ismount(self.fuse):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise OSError("blocklog: wanted a mounted disk, found none")

    def mark(self, text):
        """A note in the log, after everything that is written by now."""
        os.write(self.marks, text.encode())

    def sync(self):
        fd = os.open(self.where, os.O_RDONLY)
        try:
            must(libc.syncfs(fd), "syncfs")
        finally:
            os.close(fd)

    def close(self):
        os.close(self.marks)
        umount(self.where)
        umount(self.fuse)
        self.process.wait(timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        try:
            self.close()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
