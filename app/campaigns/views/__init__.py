"""Pages of campaigns: the list, the wizard, one campaign live."""

from flask import Flask

from app.campaigns.views import actions, detail, listing, wizard, words


def init_app(app: Flask) -> None:
    for room in (listing, wizard, detail, actions):
        app.register_blueprint(room.blueprint)
    app.jinja_env.globals.update(words.GLOBALS)
