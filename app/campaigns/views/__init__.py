"""Pages of campaigns: the list, the wizard, one campaign live."""

from flask import Flask

from app.campaigns.views import actions, detail, listing, review, words


def init_app(app: Flask) -> None:
    for room in (listing, review, detail, actions):  # the review completes the wizard's blueprint
        app.register_blueprint(room.blueprint)
    app.jinja_env.globals.update(words.GLOBALS)
