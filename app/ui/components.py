"""The template global `ui`: every macro of `templates/components/`, without an import per page."""

from jinja2 import Environment, nodes
from jinja2.runtime import Macro


class Components:
    def __init__(self, environment: Environment):
        self._environment = environment
        self._homes: dict[str, str] = {}  # macro → template that defines it

    def __getattr__(self, name: str) -> Macro:
        if name.startswith("_"):
            raise AttributeError(name)
        home = self._find_home(name)
        return getattr(self._environment.get_template(home).module, name)

    def _find_home(self, name: str) -> str:
        if name not in self._homes:
            self._homes = self._index()
        try:
            return self._homes[name]
        except KeyError:
            raise AttributeError(f"no component is called {name!r}; see components/README.md") from None

    def _index(self) -> dict[str, str]:
        homes: dict[str, str] = {}
        for template in self._environment.list_templates(filter_func=_is_component):
            for macro in _macros(self._environment, template):
                if macro in homes:
                    raise ValueError(f"two components are called {macro}: {homes[macro]} and {template}")
                homes[macro] = template
        return homes


def _is_component(name: str) -> bool:
    return name.startswith("components/") and name.endswith(".html")


def _macros(environment: Environment, template: str) -> list[str]:
    assert environment.loader is not None
    source = environment.loader.get_source(environment, template)[0]
    found = environment.parse(source).find_all(nodes.Macro)
    return [macro.name for macro in found if not macro.name.startswith("_")]
