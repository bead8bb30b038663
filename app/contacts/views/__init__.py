"""Pages of contacts, groups, tags, lists and imports."""

from flask import Blueprint, Flask

blueprint = Blueprint("contacts", __name__, template_folder="../templates")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
