"""Every kind of message, in both directions, as an attendant sees it."""

import base64
import io
import re
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browsers import visiting
from tests.journeys import walk
from tests.journeys.shop import Shop, accept, bubble, row, say, until
from tests.journeys.stack import Stack

pytestmark = pytest.mark.browser
DOCUMENT = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def film() -> bytes:
    """A second of an MP4 that browsers play."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for shade in range(0, 250, 25):
            picture = np.full((120, 160, 3), shade, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return out.getvalue()


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def arrived(page: Page, kind: str) -> Locator:
    return page.locator(f".msg--in:has(.msg__bubble--{kind})")


def ours(page: Page, kind: str) -> Locator:
    return page.locator(f".msg--out:not([data-pending]):has(.msg__bubble--{kind})")


def plays(place: Locator) -> None:
    walk.hears(place.locator("audio"), place.locator("[data-player-play]").click)


def test_each_kind_that_a_customer_sends_is_shown_in_place(shop: Shop, bia: Page):
    phone = "5511970020001"
    first = shop.writes(phone, "Bom dia, tudo *bem*?", name="Lia Prata")
    shop.writes(phone, kind="image", caption="O bolo que vi")
    shop.writes(phone, kind="video", base64=coded(film()), caption="Assim")
    shop.writes(phone, kind="document", base64=coded(DOCUMENT), file_name="Orçamento.pdf")
    shop.writes(phone, kind="sticker")
    shop.writes(phone, kind="voice")
    shop.writes(phone, kind="location", place="Praça da Sé")
    shop.writes(phone, kind="contact")
    shop.writes(phone, kind="raw", message=POLL)
    shop.writes(phone, kind="raw", message={"listResponseMessage": {"title": "Bolo de fubá"}})
    shop.writes(phone, kind="raw", message={"newsletterFollowMessage": {"x": 1}})
    shop.writes(phone, "Responda a esta", quote=first["key"]["id"])
    shop.writes(phone, "❤️", kind="reaction", target=first["key"]["id"])
    row(bia, "Lia Prata").get_by_role("link").click()
    expect(bubble(bia, "Responda a esta").locator(".msg__quote")).to_contain_text("Bom dia")

    picture = arrived(bia, "image").locator("img")
    walk.becomes(picture, "img => img.naturalWidth > 0")
    picture.click()
    expect(bia.get_by_role("dialog", name="Imagem")).to_be_visible()
    bia.keyboard.press("Escape")
    walk.becomes(arrived(bia, "video").locator("video"), "video => video.readyState > 0")
    expect(arrived(bia, "document")).to_contain_text("Orçamento.pdf")
    with bia.expect_download() as saved:
        arrived(bia, "document").get_by_role("link").click()
    assert Path(saved.value.path()).read_bytes() == DOCUMENT
    expect(arrived(bia, "sticker").locator("img")).to_be_visible()
    plays(arrived(bia, "voice"))
    expect(arrived(bia, "location").get_by_role("link")).to_contain_text("Praça da Sé")
    expect(arrived(bia, "contact")).to_contain_text("João Lima")
    expect(arrived(bia, "poll").locator("li")).to_have_text(["Cenoura", "Fubá"])
    expect(bubble(bia, "Bolo de fubá")).to_contain_text("Resposta de botão")
    expect(arrived(bia, "unsupported")).to_contain_text("não deixa mostrar")
    expect(bia.locator(".msg:has(.msg__reactions)")).to_contain_text("Bom dia")
    order = bia.locator(".msg--in .msg__bubble").evaluate_all("all => all.map(one => one.className.split('--')[1])")
    assert order[:4] == ["text", "image", "video", "document"]


POLL = {
    "pollCreationMessageV3": {
        "name": "Qual sabor?",
        "options": [{"optionName": "Cenoura"}, {"optionName": "Fubá"}],
        "selectableOptionsCount": 1,
    }
}


def test_what_customers_change_and_what_leaves_from_the_phone_shows_by_itself(shop: Shop, bia: Page):
    phone = "5511970020002"
    first = shop.writes(phone, "Escrevi erado", name="Bento Sá")
    second = shop.writes(phone, "Isto não era para você")
    accept(bia, "Bento Sá")
    expect(bubble(bia, "Escrevi erado")).to_be_visible()
    shop.stack.play("POST", f"instances/{shop.number}/messages/{first['key']['id']}/edit", text="Escrevi errado")
    expect(bubble(bia, "Escrevi errado")).to_contain_text("editada")
    shop.stack.play("POST", f"instances/{shop.number}/messages/{second['key']['id']}/delete")
    expect(bubble(bia, "Mensagem apagada")).to_be_visible()
    expect(bubble(bia, "Isto não era")).to_have_count(0)
    shop.stack.play("POST", f"instances/{shop.number}/phone-message", to=phone, text="Já te ligo")
    expect(bubble(bia, "Já te ligo")).to_contain_text("Enviada pelo celular")


def test_an_attendant_answers_with_each_kind(shop: Shop, bia: Page, tmp_path: Path):
    phone = "5511970020003"
    shop.writes(phone, "Mandem tudo", name="Ivo Reis")
    accept(bia, "Ivo Reis")
    say(bia, "Aqui vai")
    until(lambda: ("conversation", "Aqui vai") in shop.received(phone))

    (tmp_path / "bolo.mp4").write_bytes(film())
    (tmp_path / "tabela.pdf").write_bytes(DOCUMENT)
    bia.locator("[data-file-input]").set_input_files([tmp_path / "bolo.mp4", tmp_path / "tabela.pdf"])
    expect(bia.locator(".composer__file")).to_have_count(2)
    say(bia, "Dois arquivos")
    expect(ours(bia, "video")).to_contain_text("Dois arquivos")
    expect(ours(bia, "document")).to_contain_text("tabela.pdf")
    paste_picture(bia)
    expect(bia.locator(".composer__file")).to_have_count(1)
    bia.get_by_role("button", name="Enviar", exact=True).click()
    expect(ours(bia, "image").locator("img")).to_be_visible()
    sent = ["videoMessage", "documentMessage", "imageMessage"]
    until(lambda: [kind for kind, _text in shop.received(phone) if kind != "conversation"] == sent)


def paste_picture(page: Page) -> None:
    page.get_by_role("textbox", name="Mensagem", exact=True).evaluate(
        """async (box) => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 30 });
          canvas.getContext("2d").fillRect(5, 5, 20, 20);
          const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([blob], "print.png", { type: "image/png" }));
          box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }"""
    )


def test_a_voice_message_is_recorded_heard_and_sent(shop: Shop, bia: Page):
    phone = "5511970020004"
    shop.writes(phone, "Prefiro áudio", name="Zoe Lima")
    accept(bia, "Zoe Lima")
    group = bia.locator(".recorder")
    bia.keyboard.press("Escape")  # out of the text: the letters are shortcuts now
    bia.keyboard.press("v")
    record_for_a_second(bia, group)
    bia.keyboard.press("Escape")
    expect(group).to_be_hidden()
    expect(bia.get_by_role("button", name="Gravar mensagem de voz")).to_be_focused()

    bia.keyboard.press("Enter")
    record_for_a_second(bia, group)
    group.get_by_role("button", name="Parar e ouvir").click()
    plays(group)
    group.get_by_role("button", name="Enviar", exact=True).click()
    expect(ours(bia, "voice")).to_have_count(1)
    plays(ours(bia, "voice"))
    until(lambda: [kind for kind, _text in shop.received(phone) if kind != "conversation"] == ["audioMessage"])
    note = bia.request.get(ours(bia, "voice").locator("audio").evaluate("sound => sound.src"))
    assert note.headers["content-type"] == "audio/ogg"
    with av.open(io.BytesIO(note.body())) as opened:
        codec = opened.streams.audio[0].codec_context
        assert (codec.name, codec.channels) == ("opus", 1)


def record_for_a_second(page: Page, group: Locator) -> None:
    expect(group.get_by_role("timer")).to_have_text(re.compile("0:0[1-9]|0:[1-5]"))


def test_a_recording_waits_while_another_conversation_is_open(shop: Shop, bia: Page):
    shop.writes("5511970020005", "Um", name="Gil Ramos")
    shop.writes("5511970020006", "Dois", name="Eva Torres")
    accept(bia, "Gil Ramos")
    accept(bia, "Eva Torres")
    bia.get_by_role("button", name="Gravar mensagem de voz").click()
    group = bia.locator(".recorder")
    record_for_a_second(bia, group)
    bia.get_by_role("link", name="Minhas").click()
    row(bia, "Gil Ramos").get_by_role("link").click()
    expect(bubble(bia, "Um")).to_be_visible()
    expect(bia.locator(".recorder")).to_be_hidden()
    row(bia, "Eva Torres").get_by_role("link").click()
    expect(group.get_by_role("button", name="Ouvir")).to_be_visible()
    group.get_by_role("button", name="Descartar a gravação").click()


def test_a_refused_microphone_is_explained(shop: Shop, browser: Browser, stack: Stack):
    shop.writes("5511970020007", "Oi", name="Rui Melo")
    with visiting(browser) as page:
        walk.sign_in(page, stack, "caio@doceria.com.br")
        page.goto(f"{stack.url}/inbox?tab=waiting")
        accept(page, "Rui Melo")
        page.get_by_role("button", name="Gravar mensagem de voz").click()
        expect(page.locator(".toast-note")).to_contain_text("permita o microfone")
        expect(page.get_by_role("textbox", name="Mensagem", exact=True)).to_be_visible()
