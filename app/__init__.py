"""The application; `factory.py` puts it together.

Importing the package pulls nothing in: the web server reaches `app.green` through it before anything else is
imported, and the set-up runs before there is anything to import.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Config


def create_app(config: "Config | None" = None) -> "Flask":
    from app.factory import create_app as put_together

    return put_together(config)
