"""Becomes the program of a container: `python -I -S launch.py PARENT PROGRAM ARGUMENT...`.

Runs between fork and program so that nothing of Python runs in the forked daemon itself, which has threads. Asks
the kernel to kill the program when the daemon dies, however it dies, then turns into the program.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NOT_FOUND = 127  # what a shell exits with


def main() -> None:
    """Bind the life of this process to its parent's and execute the program."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before the kernel was asked
        sys.exit(1)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and a program would inherit that
    try:
        os.execvp(command[0], command)  # noqa: S606 - an argument list, and no shell is the point
    except OSError as error:
        print(f"exec {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(_NOT_FOUND)


main()
