"""Pages of contacts, groups, tags, lists, imports and exports."""

from flask import Flask

from app.contacts.views import exports, imports, labels, lists, people, words


def init_app(app: Flask) -> None:
    for room in (people, labels, imports, exports):
        app.register_blueprint(room.blueprint)
    app.register_blueprint(lists.blueprint)
    app.jinja_env.globals.update(words.GLOBALS)
