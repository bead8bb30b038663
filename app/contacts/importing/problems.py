"""Everything the doctor may find. Codes are stable: they are stored and given out by the API."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l


class Problem(NamedTuple):
    code: str
    column: int | None  # None: the whole row
    value: str
    suggestion: str | None = None


class Severity(Enum):
    ERROR = "error"  # no usable phone unless somebody repairs it
    REPAIR = "repair"  # mended by us
    TIDY = "tidy"  # same number, written plainly: counted, never worth a row on the page
    NOTICE = "notice"  # imported; worth knowing


class Rule(NamedTuple):
    severity: Severity
    title: Any
    reason: Any
    repair: Any = None  # label of the switch; None when there is nothing to switch


_ERROR, _REPAIR, _TIDY, _NOTICE = Severity

RULES: dict[str, Rule] = {
    "phone_missing": Rule(_ERROR, _l("Sem telefone"), _l("A linha não tem nenhum telefone.")),
    "phone_scientific": Rule(
        _ERROR,
        _l("Telefone virou notação científica"),
        _l(
            "O Excel trocou o telefone por algo como 5,51199E+12 e apagou os últimos dígitos. Não dá para "
            "adivinhá-los: corrija aqui ou formate a coluna como Texto e envie de novo."
        ),
    ),
    "phone_letters": Rule(
        _ERROR,
        _l("Texto no lugar do telefone"),
        _l("A célula tem letras e nenhum telefone que se reconheça."),
    ),
    "phone_too_short": Rule(_ERROR, _l("Telefone curto demais"), _l("Faltam dígitos neste telefone.")),
    "phone_too_long": Rule(_ERROR, _l("Telefone longo demais"), _l("Este telefone tem dígitos a mais.")),
    "phone_area_missing": Rule(
        _ERROR,
        _l("Falta o DDD"),
        _l("O telefone não tem DDD. Informe o DDD padrão e ele será colocado em todos."),
    ),
    "phone_area_unknown": Rule(_ERROR, _l("DDD que não existe"), _l("Nenhuma região do Brasil usa este DDD.")),
    "phone_invalid": Rule(_ERROR, _l("Telefone impossível"), _l("Nenhum telefone começa assim. Confira os dígitos.")),
    "phone_date": Rule(
        _ERROR,
        _l("Telefone virou data"),
        _l("O Excel entendeu o conteúdo como data. Corrija o telefone aqui."),
    ),
    "phone_error_value": Rule(
        _ERROR,
        _l("Erro de fórmula no telefone"),
        _l("A fórmula da planilha deu erro (como #N/D) nesta célula."),
    ),
    "phone_ninth_digit": Rule(
        _REPAIR,
        _l("Faltava o nono dígito"),
        _l("Celulares no Brasil têm um 9 antes do número. Ele foi acrescentado."),
        _l("Acrescentar o 9"),
    ),
    "phone_area_code": Rule(
        _REPAIR,
        _l("Faltava o DDD"),
        _l("O telefone não tinha DDD. O DDD padrão foi acrescentado."),
        _l("Acrescentar o DDD padrão"),
    ),
    "phone_two_numbers": Rule(
        _REPAIR,
        _l("Dois telefones na mesma célula"),
        _l("O primeiro fica como principal e o outro é guardado junto do contato."),
        _l("Separar os telefones"),
    ),
    "phone_text_around": Rule(
        _REPAIR,
        _l("Texto junto do telefone"),
        _l("Havia um recado na mesma célula. Só o telefone foi aproveitado."),
        _l("Aproveitar o telefone"),
    ),
    "phone_country_code": Rule(_TIDY, _l("Faltava o código do país"), _l("O código +55 foi acrescentado.")),
    "phone_formatting": Rule(
        _TIDY, _l("Espaços, parênteses e traços"), _l("Os sinais foram retirados; o número é o mesmo.")
    ),
    "phone_decimal": Rule(_TIDY, _l("Telefone com casa decimal"), _l("O “.0” que a planilha pôs no fim foi retirado.")),
    "name_capitals": Rule(
        _REPAIR,
        _l("Nome em maiúsculas"),
        _l("“MARIA DE SOUZA” passa a “Maria de Souza”, para não gritar com o cliente."),
        _l("Arrumar maiúsculas"),
    ),
    "email_invalid": Rule(
        _NOTICE, _l("E-mail inválido"), _l("O contato entra sem o e-mail; o resto da linha é aproveitado.")
    ),
    "cell_error_value": Rule(
        _NOTICE,
        _l("Erro de fórmula em outra coluna"),
        _l("A célula com erro (como #N/D) fica vazia no contato."),
    ),
    "phone_landline": Rule(
        _NOTICE, _l("Telefone fixo"), _l("Parece um telefone fixo. Só receberá se houver WhatsApp nele.")
    ),
    "duplicate_in_file": Rule(
        _NOTICE,
        _l("Repetido no arquivo"),
        _l("O mesmo telefone já apareceu em outra linha, com ou sem o nono dígito. Será um contato só."),
    ),
    "already_contact": Rule(
        _NOTICE, _l("Já é um contato"), _l("O telefone já está nos seus contatos; vale a regra escolhida.")
    ),
}

SWITCHABLE = frozenset(code for code, rule in RULES.items() if rule.severity is Severity.REPAIR)
TIDY = frozenset(code for code, rule in RULES.items() if rule.severity is Severity.TIDY)
REPAIRS = SWITCHABLE | TIDY
ERRORS = frozenset(code for code, rule in RULES.items() if rule.severity is Severity.ERROR)

FILE_MESSAGES: dict[str, Any] = {
    "file_empty": _l("O arquivo está vazio."),
    "file_no_rows": _l("O arquivo só tem o cabeçalho: não há nenhuma linha para importar."),
    "file_too_big": _l("O arquivo passa de %(limit_mb)s MB. Divida-o em partes menores."),
    "file_too_many_rows": _l("A planilha passa de %(limit)s linhas. Divida-a em partes menores."),
    "file_too_many_columns": _l("A planilha passa de %(limit)s colunas. Apague as que não interessam."),
    "file_expands": _l("O arquivo se expande além do aceitável ao ser aberto. Salve-o de novo e tente outra vez."),
    "file_password": _l("O arquivo está protegido por senha. Retire a senha no Excel e envie de novo."),
    "file_damaged": _l("Não foi possível ler o arquivo: ele parece danificado. Salve-o de novo e tente outra vez."),
    "file_not_spreadsheet": _l("O arquivo não é uma planilha. Envie .xlsx, .xls, .ods ou .csv."),
    "file_web_page": _l("O arquivo é uma página da web com nome de planilha. Abra-o no Excel e salve como .xlsx."),
    "file_sheet_missing": _l("A aba escolhida não existe mais no arquivo."),
}


def file_message(code: str, values: dict[str, Any] | None = None) -> str:
    return str(FILE_MESSAGES.get(code, FILE_MESSAGES["file_damaged"])) % (values or {})
