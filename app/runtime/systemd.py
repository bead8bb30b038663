"""What systemd and its children say to each other: "I am ready", and "here is your listening socket".

Both protocols are an environment variable each; without them nothing happens, so everything runs anywhere else too.
"""

import os
import socket

FIRST_SOCKET = 3  # the file descriptor of the first socket that was passed, by definition of the protocol


def ready() -> None:
    """The process serves from now on. Once: what it starts must not speak for it."""
    address = os.environ.pop("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect("\0" + address[1:] if address.startswith("@") else address)
        line.sendall(b"READY=1")


def has_socket() -> bool:
    """Whether a listening socket was passed to this very process. It outlives the process: who connects while the
    successor starts waits in its queue, and no request is refused."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) and int(os.environ.get("LISTEN_FDS") or 0) >= 1
