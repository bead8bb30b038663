"""Pages of the inbox: the three panes, and what attendants do in them."""

from flask import Flask

from app.inbox.views import actions, formatting, pages, reports, settings, speaking, words, writing
from app.ui import navigation

BADGE_EVENTS = "ticket:new ticket:update message:new"


def init_app(app: Flask) -> None:
    for room in (pages, actions, writing, speaking, settings, reports):
        app.register_blueprint(room.blueprint)
    navigation.add_badge("inbox", navigation.Badge("/inbox/badge", BADGE_EVENTS, pages.render_badge))
    app.jinja_env.globals.update(words.GLOBALS)
    app.jinja_env.filters.update(local_input=words.local_input, chat=formatting.chat)
