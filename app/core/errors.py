"""What services raise. Pages turn them into flashes and error pages, the API into problem+json."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class FieldError:
    """One field's problem, in the user's language. `field` is a dotted path."""

    field: str
    message: str


class AppError(Exception):
    status = 400
    code = "bad_request"
    title = _l("Não foi possível fazer isso")

    def __init__(self, message: object = None, *, errors: list[FieldError] | None = None, code: str | None = None):
        super().__init__(str(message or self.title))
        self.message = message or self.title
        self.errors = errors or []
        self.code = code or type(self).code


class Unauthorized(AppError):
    status, code, title = 401, "unauthorized", _l("Entre na sua conta para continuar")


class Forbidden(AppError):
    status, code, title = 403, "forbidden", _l("Você não tem permissão para isso")


class SecondFactorNeeded(Forbidden):
    """The company asks this role for two-step verification, and this person has none yet."""

    code, title = "second_factor_setup_required", _l("Ligue a verificação em duas etapas para continuar")


class NotFound(AppError):
    status, code, title = 404, "not_found", _l("Não encontramos o que você procura")


class Conflict(AppError):
    status, code, title = 409, "conflict", _l("Isso mudou enquanto você olhava; atualize e tente de novo")


class TooLarge(AppError):
    status, code, title = 413, "too_large", _l("O arquivo é grande demais")


class Invalid(AppError):
    status, code, title = 422, "invalid", _l("Alguns campos precisam de correção")

    @classmethod
    def field(cls, field: str, message: object) -> "Invalid":
        return cls(message, errors=[FieldError(field, str(message))])


class TooMany(AppError):
    status, code, title = 429, "too_many", _l("Muitas tentativas; espere um pouco")


class Unavailable(AppError):
    status, code, title = 503, "unavailable", _l("Serviço indisponível no momento; tente de novo em instantes")
