"""Who the servers run as: PostgreSQL refuses to run as root, and must not outlive the daemon."""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localazure.errors import StateError

_UNPRIVILEGED: Final = "nobody"


@dataclass(frozen=True, kw_only=True)
class Account:
    """The user and group that own a server's processes and files, by number: group names differ by distribution."""

    group: int
    user: int

    def command(self, *command: str) -> list[str]:
        """Wrap a command so that it runs as this account and is interrupted when the daemon dies.

        `setpriv` sets the parent-death signal after it changed the user, so that the kernel keeps it. Of root's
        capabilities only dac_override stays: the checkout may lie under a folder that only root may pass.

        Raises:
            StateError: `setpriv` (util-linux) is not installed.

        """
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise StateError("setpriv is not on PATH; install util-linux 2.33 or later")
        if os.geteuid() != 0:
            return [setpriv, "--pdeathsig=INT", "--", *command]
        keep = "-all,+dac_override"
        who = [f"--reuid={self.user}", f"--regid={self.group}", "--clear-groups"]
        may = [f"--inh-caps={keep}", f"--ambient-caps={keep}", f"--bounding-set={keep}"]
        return [setpriv, *who, *may, "--securebits=+no_setuid_fixup", "--pdeathsig=INT", "--", *command]

    def own(self, folder: Path) -> None:
        """Make a folder, or check one, that only this account (and root) may open.

        Raises:
            StateError: The path is there and is not a folder of this account: someone else's in a shared place.

        """
        try:
            folder.mkdir(mode=0o700)
            os.chown(folder, self.user, self.group)
        except FileExistsError:
            found = folder.lstat()
            if not folder.is_dir() or folder.is_symlink() or found.st_uid != self.user:
                raise StateError(f"{folder} is not a folder of user {self.user}; remove it") from None


def server_account() -> Account:
    """Give the daemon's own account, or for root the user nobody."""
    if os.geteuid() != 0:
        return Account(group=os.getegid(), user=os.geteuid())
    entry = pwd.getpwnam(_UNPRIVILEGED)
    return Account(group=entry.pw_gid, user=entry.pw_uid)
