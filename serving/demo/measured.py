"""``python measured.py FD COMMAND...``: run a command, write its peak memory in bytes to FD.

A process begins with the peak memory of the one it was started by, which the system counts as its
own until it ends. This one is small, so that the figure is the command's, whatever the caller
holds: the largest of the command and the processes it waited for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def main() -> None:
    """Run the command and exit as it did, or with 128 + n after the signal n."""
    process = subprocess.Popen(sys.argv[2:])  # noqa: S603  (what our caller asks for)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command decides what Ctrl-C means
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB on Linux
    os.write(int(sys.argv[1]), str(usage.ru_maxrss * unit).encode())
    sys.exit(process.returncode if process.returncode >= 0 else 128 - process.returncode)


if __name__ == "__main__":
    main()
