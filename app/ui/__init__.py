"""The look and feel: layouts, components, formats, language, headers and error pages."""

from flask import Blueprint, Flask

from app.core.context import find_actor
from app.extensions import babel
from app.ui import (
    errors,
    filters,
    gallery,
    i18n,
    markup,
    navigation,
    publish,
    security,
    statics,
    status,
    theme,
    uploads,
)
from app.ui.components import Components

blueprint = Blueprint("ui", __name__, template_folder="templates")
blueprint.add_url_rule("/assets/<build>/<path:path>", "static_file", statics.static_file)
blueprint.add_url_rule("/favicon.ico", "favicon", statics.favicon)
blueprint.add_url_rule("/ui/language", "language", i18n.set_language, methods=["POST"])
blueprint.add_url_rule("/ui/theme", "theme", theme.set_theme, methods=["POST"])


def init_app(app: Flask) -> None:
    babel.init_app(app, locale_selector=i18n.choose_locale, timezone_selector=i18n.choose_timezone)
    app.register_blueprint(blueprint)
    filters.init_app(app)
    security.init_app(app)
    uploads.init_app(app)
    publish.init_app(app)
    errors.init_app(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        ui=Components(app.jinja_env),
        icon=markup.icon,
        _icon=markup.icon,  # for macros whose own argument is called icon
        asset=statics.asset,
        html_attrs=markup.html_attrs,
        hidden_inputs=markup.hidden_inputs,
        photo_of=markup.photo_of,
        url_with=markup.url_with,
        can=navigation.can,
        path_exists=navigation.path_exists,
        current_actor=find_actor,
        nav_entries=navigation.entries,
        nav_badge=navigation.find_badge,
        navigation=navigation,
        languages=i18n.LOCALES,
        theme_choice=theme.theme_choice,
        status_look=status.status_look,
        statuses=status.statuses,
    )
    if app.debug or app.testing:
        gallery.register(app)
