"""Folders that hold sockets and data of the embedded servers."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from app.runtime.failure import Failure

# A Unix socket's path holds 107 bytes on Linux and 103 on macOS; the lock file beside it has a longer name.
LONGEST_SOCKET_FOLDER = 75


def private_folder(path: Path) -> Path:
    """The folder, made if missing, closed to other users; refused when it belongs to somebody else."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or (info.st_uid != os.getuid() and os.getuid() != 0):
        raise Failure(f"A pasta {path} pertence a outro usuário (not owned by this user)")
    if stat.S_IMODE(info.st_mode) != 0o700:
        path.chmod(0o700)
    return path


def socket_folder(root: Path) -> Path:
    """A private folder for sockets, inside `root` unless that would make their paths too long."""
    inside = root.resolve() / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
        return private_folder(inside)
    return private_folder(_short_base() / f"recado-{os.getuid()}-{_key(inside)}")


def _short_base() -> Path:
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")
    if base.is_dir() and os.access(base, os.W_OK) and len(os.fsencode(base)) <= LONGEST_SOCKET_FOLDER - 30:
        return base
    return Path("/tmp") if os.access("/tmp", os.W_OK) else Path(tempfile.gettempdir())


def _key(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
