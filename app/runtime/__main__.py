"""`python -m app.runtime`: what `make run` ends in."""

import sys

from app.config import ConfigError
from app.runtime import settings
from app.runtime.failure import Failure
from app.runtime.run import run


def main() -> None:
    try:
        run(settings.load())
    except (Failure, ConfigError) as failure:
        sys.exit(f"Recado: {failure}")


if __name__ == "__main__":
    main()
