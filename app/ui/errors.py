"""Every failure answers with a page that says what to do next, a flash, or JSON where no person reads it."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from flask import Flask, current_app, flash, g, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.core.errors import AppError, Unauthorized

_RETRY_AFTER = {"Retry-After": "5"}
_FLASHED = {409, 413, 422, 429}  # the form is still there to be corrected: go back to it
_MACHINES = ("/api/", "/webhooks/", "/healthz", "/metrics/")


@dataclass(frozen=True)
class Advice:
    title: object
    text: object
    icon: str
    retry: bool = False


_ADVICE = {
    400: Advice(_l("Não entendemos esse pedido"), _l("Recarregue a página anterior e tente de novo."), "mood-sad"),
    401: Advice(_l("Entre para continuar"), _l("Sua sessão terminou. Entre de novo e voltamos daqui."), "lock"),
    403: Advice(
        _l("Esta parte não é sua"),
        _l("Seu perfil não abre esta página. Se precisar dela, peça a um administrador da sua empresa."),
        "shield-lock",
    ),
    404: Advice(
        _l("Não achamos esta página"),
        _l("O endereço mudou ou o item foi excluído. Confira o endereço ou volte ao painel."),
        "zoom-question",
    ),
    405: Advice(
        _l("Este endereço não funciona assim"), _l("Volte à página anterior e use os botões dela."), "switch-horizontal"
    ),
    409: Advice(
        _l("Isso mudou enquanto você olhava"), _l("Volte, atualize a página e tente de novo."), "refresh-alert"
    ),
    413: Advice(
        _l("O arquivo é grande demais"), _l("O limite é de 50 MB. Divida o arquivo e envie em partes."), "file-alert"
    ),
    422: Advice(_l("Alguns campos precisam de correção"), _l("Volte ao formulário e confira os dados."), "forms"),
    429: Advice(_l("Calma, foram muitas tentativas"), _l("Espere um minuto e tente de novo."), "hourglass", True),
    500: Advice(
        _l("Algo quebrou do nosso lado"),
        _l("O erro já foi registrado. Tente de novo; se continuar, avise o administrador com o código abaixo."),
        "tools",
        True,
    ),
    503: Advice(
        _l("Voltamos em instantes"),
        _l("O sistema está reiniciando ou o banco de dados não respondeu. Nada do que você enviou se perdeu."),
        "plug-x",
        True,
    ),
}


def is_fragment() -> bool:
    """Asked by our JavaScript, which shows a toast instead of a page."""
    return "HX-Request" in request.headers or request.headers.get("X-Requested-With") == "fetch"


def error_page(status: int, message: object = None, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    advice = _ADVICE.get(status) or _ADVICE[500 if status >= 500 else 400]
    headers = headers or (_RETRY_AFTER if status == 503 else {})
    if request.path.startswith(_MACHINES):
        return _problem(status, advice, message), status, {**headers, "Content-Type": "application/problem+json"}
    template = "errors/fragment.html" if is_fragment() else "errors/page.html"
    page = render_template(
        template, status=status, advice=advice, message=message, back=referrer(), request_id=g.get("request_id")
    )
    return page, status, headers


def _problem(status: int, advice: Advice, message: object) -> str:
    body = {"type": "about:blank", "title": str(advice.title), "status": status, "detail": str(message or advice.text)}
    return jsonify(body).get_data(as_text=True)


def referrer() -> str | None:
    """The page before, when it is one of ours."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def on_app_error(error: AppError) -> ResponseReturnValue:
    if isinstance(error, Unauthorized):
        return on_unauthorized(error)
    machine = request.path.startswith(_MACHINES)
    back = referrer()
    if error.code == "second_factor_setup_required" and not (machine or is_fragment()):
        return redirect("/settings/security/second-factor", 303)
    if error.code == "confirmation_required" and not (machine or is_fragment()):
        return redirect(f"/confirm?{urlencode({'next': back or '/'})}", 303)
    if request.method == "POST" and error.status in _FLASHED and back and not is_fragment() and not machine:
        flash(str(error.message), "error")
        return redirect(back, 303)
    return error_page(error.status, error.message)


def on_unauthorized(error: Exception) -> ResponseReturnValue:
    if is_fragment() or request.path.startswith(_MACHINES):
        return error_page(401)
    target = request.full_path.rstrip("?") if request.method == "GET" else referrer()
    return redirect(f"/login?{urlencode({'next': target})}" if target and target != "/" else "/login")


def on_csrf(error: CSRFError) -> ResponseReturnValue:
    message = _("A página ficou aberta por muito tempo. Atualize e envie de novo; nada foi gravado.")
    back = referrer()
    if back and request.method == "POST" and not is_fragment():
        flash(message, "warning")
        return redirect(back, 303)
    return error_page(400, message)


def on_http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or (error.code or 500) < 400:
        return error
    if error.code == 401:
        return on_unauthorized(error)
    headers = {"Allow": ", ".join(valid)} if (valid := getattr(error, "valid_methods", None)) else None
    return error_page(error.code or 500, headers=headers)


def on_database_down(error: Exception) -> ResponseReturnValue:
    current_app.logger.exception("database unavailable")
    return error_page(503)


def on_lost_file(error: FileNotFoundError) -> ResponseReturnValue:
    """The storage no longer has it: purged by age, or not part of the backup that was restored."""
    current_app.logger.warning("stored file is gone: %s", error.filename)
    return error_page(404)


def init_app(app: Flask) -> None:
    app.register_error_handler(AppError, on_app_error)
    app.register_error_handler(FileNotFoundError, on_lost_file)
    app.register_error_handler(CSRFError, on_csrf)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(OperationalError, on_database_down)
    app.register_error_handler(PoolTimeout, on_database_down)
