"""What is read aloud in Portuguese, by examples and by laws."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.speech.normalise import spoken
from app.speech.normalise.numbers import cardinal, ordinal

EXAMPLES = {
    # money
    "R$ 1.234,50": "mil duzentos e trinta e quatro reais e cinquenta centavos",
    "R$ 1": "um real",
    "R$1,00": "um real",
    "R$ 0,01": "um centavo",
    "R$ 0,50": "cinquenta centavos",
    "R$ 0": "zero reais",
    "R$ 1.000.000,00": "um milhão de reais",
    "R$ 2 milhões": "dois milhões de reais",
    "R$ 1 mi": "um milhão de reais",
    "R$ 10 mil": "dez mil reais",
    "R$ 1.500.200": "um milhão quinhentos mil e duzentos reais",
    "R$ 1234.50": "mil duzentos e trinta e quatro reais e cinquenta centavos",
    "R$ 5,9": "cinco reais e noventa centavos",
    "-R$ 10,00": "menos dez reais",
    "US$ 20": "vinte dólares",
    "£ 200": "duzentas libras",
    "€ 1": "um euro",
    "3x de R$ 49,90/mês": "três vezes de quarenta e nove reais e noventa centavos por mês",
    "R$ 30/kg": "trinta reais por quilo",
    "R$ 2,99 un.": "dois reais e noventa e nove centavos a unidade.",
    "R$ 30 kg": "trinta reais o quilo",
    # hours
    "às 14h30": "às catorze horas e trinta minutos",
    "às 14:30": "às catorze horas e trinta minutos",
    "às 14h": "às catorze horas",
    "à 1h": "à uma hora",
    "às 21h15min": "às vinte e uma horas e quinze minutos",
    "00:05": "zero hora e cinco minutos",
    "22 horas": "vinte e duas horas",
    "das 9h às 18h": "das nove horas às dezoito horas",
    "9h-18h": "nove horas a dezoito horas",
    # dates
    "22/11/2026": "vinte e dois de novembro de dois mil e vinte e seis",
    "01/05": "primeiro de maio",
    "22/11/26": "vinte e dois de novembro de dois mil e vinte e seis",
    "2026-11-22": "vinte e dois de novembro de dois mil e vinte e seis",
    "5.12.2026": "cinco de dezembro de dois mil e vinte e seis",
    "22/nov": "vinte e dois de novembro",
    "22 nov. 2026": "vinte e dois de novembro dois mil e vinte e seis",
    "31/13/2026": "trinta e um barra treze barra dois mil e vinte e seis",
    "seg. a sex.": "segunda a sexta.",
    "O que ele quer ter. Amanhã": "O que ele quer ter. Amanhã",
    "seg-sex 9h-18h | sáb 9h-13h": "segunda a sexta nove horas a dezoito horas, sábado nove horas a treze horas",
    "Seg a Sex": "Segunda a Sexta",
    "seg, qua e sex": "segunda, quarta e sexta",
    "passa a ter 2h": "passa a ter duas horas",
    "2ª-feira e 6a feira": "segunda-feira e sexta-feira",
    "fatura 11/2026": "fatura novembro de dois mil e vinte e seis",
    "dez/2026": "dezembro de dois mil e vinte e seis",
    "1º/12/2026": "primeiro de dezembro de dois mil e vinte e seis",
    "dia 24 (qua.)": "dia vinte e quatro (quarta)",
    # percentages, ordinals, fractions
    "10%": "dez por cento",
    "12,5 %": "doze vírgula cinco por cento",
    "3.5%": "três vírgula cinco por cento",
    "10-15%": "dez a quinze por cento",
    "1º lugar": "primeiro lugar",
    "2ª via": "segunda via",
    "21º andar": "vigésimo primeiro andar",
    "no 3º andar": "no terceiro andar",
    "1/2 xícara e 3/4": "meia xícara e três quartos",
    "1/2 quilo": "meio quilo",
    # units and counts
    "5kg": "cinco quilos",
    "1 kg": "um quilo",
    "2,5 L": "dois vírgula cinco litros",
    "500ml": "quinhentos mililitros",
    "100 m²": "cem metros quadrados",
    "80 km/h": "oitenta quilômetros por hora",
    "25 °C": "vinte e cinco graus",
    "2 un": "duas unidades",
    "5G": "cinco gê",
    "2 pizzas": "duas pizzas",
    "200 pessoas": "duzentas pessoas",
    "2.000 pessoas": "duas mil pessoas",
    "1 caixa": "uma caixa",
    "21 vezes": "vinte e uma vezes",
    "2 promoções": "duas promoções",
    "2 dias": "dois dias",
    "1 dia": "um dia",
    "2 para você": "dois para você",
    "1.234.567": "um milhão duzentos e trinta e quatro mil quinhentos e sessenta e sete",
    "1.000": "mil",
    "1.100": "mil e cem",
    "2.020": "dois mil e vinte",
    "3,14": "três vírgula catorze",
    "3,05": "três vírgula zero cinco",
    "-5 graus": "menos cinco graus",
    "4x4": "quatro por quatro",
    "2+2=4": "dois mais dois igual a quatro",
    "B2B": "B dois B",
    # streets, people, abbreviations
    "Av. Paulista, 1578, ap. 12": "Avenida Paulista, mil quinhentos e setenta e oito, apartamento doze",
    "na R. das Flores, nº 5": "na rua das Flores, número cinco",
    "Carlos R. Silva": "Carlos R. Silva",
    "A Dra. Ana, o Sr. João e a sra. Maria": "A Doutora Ana, o Senhor João e a senhora Maria",
    "Prof. Zé": "Professor Zé",
    "pães, bolos etc.": "pães, bolos etcétera.",
    "vc tb vai hj?": "você também vai hoje?",
    "p/ casa c/ Ana": "para casa com Ana",
    "Prezado(a) Sr(a). Ana": "Prezado Senhor Ana",
    "Curitiba/PR e Santos - SP": "Curitiba, Paraná e Santos, São Paulo",
    "R. 15 de Novembro": "rua quinze de Novembro",
    "o kg do pão": "o quilo do pão",
    "café/chá": "café ou chá",
    # numbers that are read one by one
    "(11) 98765-4321": "um um, nove oito sete seis cinco, quatro três dois um",
    "+55 11 98765-4321": "mais cinco cinco, um um, nove oito sete seis cinco, quatro três dois um",
    "3333-4444": "três três três três, quatro quatro quatro quatro",
    "11987654321": "um um, nove oito sete seis cinco, quatro três dois um",
    "3333-4444 / 99999-8888": "três três três três, quatro quatro quatro quatro, nove nove nove nove nove, oito oito oito oito",
    "wa.me/5541999998888": "wa ponto me barra cinco cinco, quatro um, nove nove nove nove nove, oito oito oito oito",
    "código 23793.38128 60007.827136 95000.063305 9 84340000010000": "código dois três sete nove três, três oito um dois oito, "
    "seis zero zero zero sete, oito dois sete um três seis, nove cinco zero zero zero, zero seis três três zero cinco "
    "nove oito quatro, três quatro zero, zero zero zero, zero um zero zero, zero zero",
    "0800 123 4567": "zero oito zero zero, um dois três, quatro cinco seis sete",
    "CPF 123.456.789-09": "CPF um dois três, quatro cinco seis, sete oito nove, zero nove",
    "cpf: 12345678909": "cpf: um dois três, quatro cinco seis, sete oito nove, zero nove",
    "12.345.678/0001-95": "um dois, três quatro cinco, seis sete oito, zero zero zero um, nove cinco",
    "12.ABC.345/01DE-35": "um dois, A B C, três quatro cinco, zero um D E, três cinco",
    "CEP 01310-100,": "CEP zero um três um zero, um zero zero,",
    "código 0042": "código zero zero quatro dois",
    "pedido 12345": "pedido doze mil trezentos e quarenta e cinco",
    # the net
    "ana.silva@padaria.com.br": "ana ponto silva arroba padaria ponto com ponto br",
    "https://www.padaria.com.br/?utm=9": "padaria ponto com ponto br",
    "padaria.com.br/promo, hoje": "padaria ponto com ponto br barra promo, hoje",
    "https://ana:segredo@padaria.com.br": "padaria ponto com ponto br",
    # marks and emoji
    "*Promoção* de _hoje_ ~não~ ```x```": "Promoção de hoje não x",
    "Olá 😀👍🏽 Ana ❤️": "Olá, Ana",
    "só hoje 🔥 até 70%": "só hoje até setenta por cento",
    "Oi 👩‍👩‍👧‍👦 família": "Oi família",
    "1️⃣ opção": "uma opção",
    "𝗢𝗹𝗮 ①": "Ola um",
    "> citado\n- pão\n- leite": "citado. pão. leite",
    "Oi!!! Tudo bem??": "Oi! Tudo bem?",
    "Olá  ,   Ana .": "Olá, Ana.",
    "Padaria - aberta": "Padaria, aberta",
    "snake_case fica": "snake case fica",
    "Tom & Jerry": "Tom e Jerry",
    "#promo da @ana": "promo da ana",
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_is_read_as_people_read_it(text: str) -> None:
    assert spoken(text) == EXAMPLES[text]


def test_a_whole_message() -> None:
    text = (
        "Olá *Ana*! 🎉\n\nSeu pedido nº 1.024 sai às 14h30 de 22/11.\nTotal: R$ 89,90 (10% off)\n"
        "Av. Brasil, 500 – tel. (21) 3333-4444"
    )
    assert spoken(text) == (
        "Olá Ana! Seu pedido número mil e vinte e quatro sai às catorze horas e trinta minutos de vinte e dois de "
        "novembro. Total: oitenta e nove reais e noventa centavos (dez por cento off). Avenida Brasil, quinhentos, "
        "telefone dois um, três três três três, quatro quatro quatro quatro"
    )


def test_other_languages_keep_their_figures() -> None:
    assert spoken("*Hello* Ana 😀, $5.50 at 2:30 pm", "en-US") == "Hello Ana, $5.50 at 2:30 pm"


def test_dictionary_replaces_whole_words_whatever_case_and_accents() -> None:
    own = {"Joao": "Juão", "pão quente": "pãun quente", "ACME": "aquimê", "pix": "píx"}
    assert spoken("JOÃO e joao da Acme, Pix!", dictionary=own) == "Juão e Juão da aquimê, píx!"
    assert spoken("Padaria Pao Quente", dictionary=own) == "Padaria pãun quente"
    assert spoken("Joaozinho, pixel, ACMEs", dictionary=own) == "Joaozinho, pixel, ACMEs"


def test_longest_entry_of_the_dictionary_wins_and_is_not_looked_up_again() -> None:
    own = {"pão": "x", "pão de queijo": "o pão", "24/7": "sempre", "C&A": "cê e a"}
    assert spoken("pão de queijo 24/7 na C&A", dictionary=own) == "o pão sempre na cê e a"


def test_strange_dictionaries_harm_nobody() -> None:
    own = {"": "x", " ": "y", "(.*)+$": "z", "\\": "w", "a" * 5000: "b", "1": "hum"}
    assert spoken("pedido 1 (.*)+$", dictionary=own).startswith("pedido hum")


def test_cardinals_that_are_easily_wrong() -> None:
    right = {
        0: "zero", 16: "dezesseis", 21: "vinte e um", 100: "cem", 101: "cento e um", 1000: "mil", 1001: "mil e um",
        1200: "mil e duzentos", 1234: "mil duzentos e trinta e quatro", 2000: "dois mil", 100_000: "cem mil",
        1_000_001: "um milhão e um", 2_500_000: "dois milhões e quinhentos mil", 10**9: "um bilhão", -3: "menos três",
    }  # fmt: skip
    assert {number: cardinal(number) for number in right} == right
    assert cardinal(2222, feminine=True) == "duas mil duzentas e vinte e duas"
    assert cardinal(2_000_002, feminine=True) == "dois milhões e duas"
    assert ordinal(128, feminine=True) == "centésima vigésima oitava"
    assert cardinal(10**15).startswith("um zero zero zero, ")


@given(st.integers(min_value=0, max_value=10**15 - 1), st.booleans())
def test_every_number_has_words_of_its_own(number: int, feminine: bool) -> None:
    words = cardinal(number, feminine)
    assert re.fullmatch(r"[a-zêíãõóáçé]+(?: [a-zêíãõóáçé]+)*", words)
    assert cardinal(number + 1, feminine) != words


PIECES = st.sampled_from([
    "R$", "1.234,56", "14h30", "22/11/2026", "%", "º", "ª", "km/h", "Av.", "Dra.", "*", "_", "~", "```", "\n", " ", ",", ".",
    "-", "/", "(11)", "98765-4321", "@", "http://", "a.b.com", "😀", "\u200d", "½", "²", "①", "٣", "१", "0", "9", "x", "ção", "as",
    "\0", "+", "=", "&", ":", "...", "é", "\u0301", "K", "ß", "İ", "ﷺ", "seg.", "e", "R.", "nº", "$", "ex.", "s/a", ">", "#", "seg", " a ", "sex", "São Paulo", "/PR", "(a)", "kg", "reais", " un.", "dez/", "1º/", "|", "🔥", "R. ", "2ª", "feira",
])  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))


@given(TEXTS)
@example("½" + "0" * 40)
@example("1,,2..3//4--5::6")
@example("R$R$ 1R$2,3,4")
def test_portuguese_never_fails_and_has_no_digit_left(text: str) -> None:
    said = spoken(text)
    assert not any(char.isdigit() for char in said)
    assert not set("*_~`😀\n\0\u200d") & set(said)
    assert said == said.strip()
    assert "  " not in said


@given(TEXTS)
@example("a - -b")
@example(". .!. .")
@example("(( ) )")
def test_what_was_read_is_read_the_same(text: str) -> None:
    said = spoken(text)
    assert spoken(said) == said


@given(
    TEXTS,
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4),
    st.sampled_from(["en-US", "pt-PT", "", "x"]),
)
def test_no_dictionary_and_no_language_makes_it_fail(text: str, own: dict[str, str], language: str) -> None:
    assert isinstance(spoken(text, language, own), str)


LONG = [
    " ", "\n", "1", "1.", "1,", "a.", "a-", "a/", "R$", "R$ 1", "*", "*a", "a*", "_", "(", "( ", "()", "@", "a@", "a@a.", "http://", "!",
    "! ", ",", ", ", "- ", "-", "1-", "1/", "1:", "12:", "1h", "1 h ", "x1", "1x", "+", "+5", "(11) ", "9", "98765-", "1 2 ", "...", "… ",
    "a & ", "CPF ", "CPF 1", "#", "%", "1%", "ª", "1ª", "½", "é", "e\u0301", "\u0301", "😀", "\u200d", "Av.", "Av. ", "seg.", "a seg. ",
    "12345.12345 1234", ">", "> ", "- a\n", "a\n", " \n", "12.ABC.", "nº", "2 pessoas ", "seg-", "seg, ", "seg a ", " / ", "| ", "a/PR ", "a(a)", "🔥", "🔥A", "a 🔥 ", "reais un. ", "1º/", "dez/20",
]  # fmt: skip


@pytest.mark.parametrize("piece", LONG)
def test_time_grows_with_the_length_only(piece: str) -> None:
    """Eight times the text may take eight times the time; a pattern that backtracks would take sixty-four."""

    def seconds(size: int) -> float:
        text = (piece * size)[:size] + "a!"
        best = float("inf")
        for _ in range(2):
            start = time.thread_time()
            spoken(text)
            best = min(best, time.thread_time() - start)
        return best

    assert seconds(8_000) < 30 * max(seconds(1_000), 0.0005)
