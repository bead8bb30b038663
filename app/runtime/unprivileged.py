"""PostgreSQL refuses to run as root: these are the ways to lend it another identity."""

import contextlib
import functools
import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.runtime.failure import Failure


@dataclass(frozen=True)
class Identity:
    """`prefix` goes before a command; `uid` and `gid` must own the files that the command writes."""

    prefix: tuple[str, ...]
    uid: int
    gid: int


@functools.cache
def identity() -> Identity:
    if os.geteuid() != 0:
        return Identity((), os.geteuid(), os.getegid())
    for candidate in _candidates(_somebody()):
        if _works(candidate.prefix):
            return candidate
    raise Failure("Como root o PostgreSQL não inicia aqui (no user namespaces, no setpriv): use um usuário comum")


def hand_over(folder: Path) -> None:
    """Make the folder and all in it belong to the identity, whichever way made it before."""
    who = identity()
    if os.geteuid() != 0 or folder.stat().st_uid == who.uid:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, who.uid, who.gid, follow_symlinks=False)


def _candidates(user: pwd.struct_passwd) -> Iterator[Identity]:
    # Inside the namespace root's own files appear as the user's, so nothing changes hands.
    yield Identity(("unshare", "-U", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}"), 0, 0)
    drop = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    # The checkout may lie under a closed home folder: the capability walks through it.
    through = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    yield Identity((*drop, *through), user.pw_uid, user.pw_gid)
    yield Identity(drop, user.pw_uid, user.pw_gid)


def _somebody() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("nobody")
    return min((user for user in pwd.getpwall() if user.pw_uid > 0), key=lambda user: user.pw_uid)


def _works(prefix: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, timeout=10, check=False).returncode == 0
    except OSError:
        return False
