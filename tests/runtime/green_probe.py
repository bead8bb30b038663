"""A little site on the green server: `python -m tests.runtime.green_probe`; prints its port."""

from app import green

green.patch()

import time  # noqa: E402

import bcrypt  # noqa: E402
from flask import Flask  # noqa: E402

app = Flask(__name__)
SALT = bcrypt.gensalt(12)


@app.get("/quick")
def quick() -> str:
    return "quick"


@app.get("/slow")
def slow() -> str:
    time.sleep(1)
    return "slow but answered"


@app.get("/hash")
def hashed() -> str:
    return green.run_blocking(bcrypt.hashpw, b"a password", SALT).decode()


if __name__ == "__main__":
    listener = green.listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    green.serve(app, listener)
