"""What the letters about accounts say."""

from flask_babel import format_datetime
from flask_babel import gettext as _

from app.accounts.rules import INVITE_DAYS, REGISTRATION_HOURS, RESET_MINUTES, device
from app.core import clock, mailing
from app.core.letters import Words


def _not_you() -> str:
    return _("Se não foi você, troque a senha agora e avise o administrador da sua empresa.")


def _where(ip: str | None, user_agent: str | None) -> str:
    name = device(user_agent) or _("navegador desconhecido")
    return _("Aparelho: %(device)s. Endereço: %(ip)s.", device=name, ip=ip or "?")


def reset(secret: str) -> Words:
    return Words(
        _("Crie uma senha nova no Recado"),
        [
            _("Recebemos um pedido para trocar a senha desta conta."),
            _("O botão vale por %(minutes)s minutos e funciona uma vez só.", minutes=RESET_MINUTES),
        ],
        (_("Criar senha nova"), mailing.link(f"/reset/{secret}")),
        _("Se você não pediu, ignore este e-mail: a sua senha continua a mesma."),
    )


def password_changed(ip: str | None, user_agent: str | None) -> Words:
    return Words(
        _("A sua senha do Recado foi trocada"),
        [_("Os outros aparelhos saíram da conta."), _where(ip, user_agent), _not_you()],
        (_("Esqueci minha senha"), mailing.link("/forgot")),
    )


def invite(secret: str, company: str, by: str) -> Words:
    title = _("%(by)s convidou você para o Recado", by=by) if by else _("Convite para o Recado")
    return Words(
        title,
        [
            _("Você foi convidado para a equipe de %(company)s no Recado.", company=company),
            _(
                "Escolha a sua senha para entrar. O convite vale por %(days)s dias e funciona uma vez só.",
                days=INVITE_DAYS,
            ),
        ],
        (_("Aceitar o convite"), mailing.link(f"/invite/{secret}")),
        _("Se você não conhece esta empresa, ignore este e-mail."),
    )


def new_device(ip: str | None, user_agent: str | None) -> Words:
    at = format_datetime(clock.now(), "dd/MM/yyyy HH:mm")
    return Words(
        _("Entraram na sua conta do Recado por um aparelho novo"),
        [_("Em %(at)s.", at=at), _where(ip, user_agent), _("Se foi você, não precisa fazer nada."), _not_you()],
        (_("Ver onde estou conectado"), mailing.link("/settings/security")),
    )


def many_tries() -> Words:
    return Words(
        _("Alguém está tentando entrar na sua conta do Recado"),
        [
            _("Houve muitas tentativas com senha errada, de vários lugares. Ninguém entrou, e você entra como sempre."),
            _("Para ficar tranquilo, use uma senha longa e ligue a verificação em duas etapas."),
        ],
        (_("Ver a segurança da conta"), mailing.link("/settings/security")),
    )


def second_factor(*, on: bool) -> Words:
    title = _("Verificação em duas etapas ligada") if on else _("Verificação em duas etapas desligada")
    text = (
        _("A partir de agora, entrar pede também o código do seu aplicativo.")
        if on
        else _("A partir de agora, basta a senha para entrar na sua conta.")
    )
    return Words(title, [text, _not_you()], (_("Ver a segurança da conta"), mailing.link("/settings/security")))


def confirm_registration(token: str, company: str) -> Words:
    return Words(
        _("Confirme o seu e-mail para começar no Recado"),
        [
            _("Falta um passo para criar a empresa %(company)s.", company=company),
            _("O botão vale por %(hours)s horas.", hours=REGISTRATION_HOURS),
        ],
        (_("Confirmar e começar"), mailing.link(f"/register/{token}")),
        _("Se você não pediu, ignore este e-mail: nada foi criado."),
    )


def already_registered() -> Words:
    return Words(
        _("Você já tem uma conta no Recado"),
        [_("Alguém tentou criar uma empresa com este e-mail, que já tem conta. Nada mudou.")],
        (_("Esqueci minha senha"), mailing.link("/forgot")),
        _("Se foi você, entre com a senha de sempre ou crie uma nova."),
    )
