"""One run per data folder."""

import fcntl
import os
from pathlib import Path
from typing import IO

from app.runtime.failure import Failure


def take(data: Path) -> IO[str]:
    """Held until the file is closed or the process ends, however it ends. Children don't inherit it."""
    handle = (data / "run.lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.seek(0)
        holder = handle.read().strip() or "?"
        handle.close()
        raise Failure(f"Recado já está rodando aqui (already running): processo {holder}") from error
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle
