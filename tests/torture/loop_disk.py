"""A file system in a file, whose power can be cut: FS_IOC_SHUTDOWN without a flush of its journal.

What was synced is there after the next mount, what was not is really gone. Needs root and loop devices.
"""

import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

FS_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
SKIPPED = 77  # ctest takes this exit code for a skipped test
UNMOUNT_SECONDS_MAX = 20
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-m", "0"], "xfs": ["mkfs.xfs", "-q", "-f"]}


def in_own_mount_namespace():
    """Starts this program again where its mounts end with it."""
    if os.environ.get("HELIOPOST_OWN_MOUNTS") == "yes":
        return
    prefix = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() != 0 or subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        skip("needs root and a mount namespace of its own")
    os.environ["HELIOPOST_OWN_MOUNTS"] = "yes"
    os.execvp(prefix[0], [*prefix, sys.executable, "-B", *sys.argv])


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


class LoopDisk:
    """Mounted at `path` until close()."""

    def __init__(self, kind, megabytes):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-disk."))
        self.file, self.path = self.directory / "disk", self.directory / "mounted"
        self.path.mkdir()
        with open(self.file, "wb") as file:
            file.truncate(megabytes * 1024 * 1024)
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        tool = shutil.which(MAKE[kind][0], path=path)
        if tool is None:
            skip(f"there is no {MAKE[kind][0]}")
        subprocess.run([tool, *MAKE[kind][1:], self.file], check=True)
        self.mount(first=True)

    def mount(self, first=False):
        done = subprocess.run(["mount", "-o", "loop", self.file, self.path], capture_output=True, text=True)
        if done.returncode != 0 and first:
            shutil.rmtree(self.directory)
            skip(f"cannot mount a file: {done.stderr.strip()}")
        assert done.returncode == 0, f"mount: {done.stderr}"

    def cut(self):
        """From here on nothing reaches the disk, whatever is called."""
        opened = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(opened, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        os.close(opened)

    def unmount(self):
        end = time.monotonic() + UNMOUNT_SECONDS_MAX
        while subprocess.run(["umount", self.path], capture_output=True).returncode != 0:
            # The kernel lets go of files of processes that have just ended in its own time.
            assert time.monotonic() < end, f"{self.path} stays in use"
            time.sleep(0.02)

    def close(self):
        self.unmount()
        shutil.rmtree(self.directory)
