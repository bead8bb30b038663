"""The pages a person plays with; every form works without a script."""

from bs4 import BeautifulSoup

from tests.simulator.driver import Gateway, Receiver

MARIA_JID = "5511987654321@s.whatsapp.net"
CHAT = f"/_sim/phone/loja/chat/{MARIA_JID}"


def page(gateway: Gateway, path: str) -> BeautifulSoup:
    answer = gateway.http.get(gateway.url + path, headers={"Accept": "text/html"}, timeout=5)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def submit(gateway: Gateway, path: str, form: dict, **files: tuple) -> BeautifulSoup:
    answer = gateway.http.post(gateway.url + path, data=form, files=files or None, timeout=5)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def test_every_page_says_that_it_is_a_simulation(shop: Gateway) -> None:
    shop.send()
    for path in ("/", "/_sim", "/_sim/phone/loja", CHAT, "/_sim/panel", "/_sim/panel/loja", "/_sim/scan/velho"):
        soup = page(shop, path)
        assert "isto não é o WhatsApp de verdade" in soup.select_one(".banner").text
        assert soup.find("script", src=False) is None
        assert soup.select("[style], [onclick]") == []


def test_nothing_comes_from_elsewhere(shop: Gateway) -> None:
    soup = page(shop, CHAT)
    sources = [tag.get("src") or tag.get("href") for tag in soup.select("script, link, img")]
    assert all(source.startswith(("/", "data:")) for source in sources)
    for source in sources:
        if source.startswith("/"):
            assert shop.http.get(shop.url + source, timeout=5).status_code == 200


def test_home_teaches_when_empty_and_lists_numbers(gateway: Gateway) -> None:
    assert "Nenhum número por aqui ainda" in page(gateway, "/").text
    gateway.create()
    row = page(gateway, "/").select_one(".card")
    assert "Desconectado" in row.text


def test_scanning_by_a_click(gateway: Gateway, receiver: Receiver) -> None:
    gateway.create(webhook={"url": receiver.url, "events": []})
    gateway.api("GET", "/instance/connect/loja")
    assert page(gateway, "/_sim/phone/loja").select_one("img.state__qr")["src"].startswith("data:image/png")
    submit(gateway, "/_sim/phone/loja/scan", {})
    receiver.wait("connection.update", where=lambda data: data["state"] == "open")
    assert "Conectado" in page(gateway, "/_sim/phone/loja").select_one(".state").text


def test_messages_show_with_ticks_and_the_customer_answers(shop: Gateway, receiver: Receiver) -> None:
    shop.send("Oi, *Maria*! <script>")
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")
    bubble = page(shop, CHAT).select_one(".bubble--theirs")
    assert bubble.select_one(".bubble__text strong").text == "Maria"
    assert bubble.select_one("script") is None
    assert bubble.select_one(".ticks--blue")
    soup = submit(shop, f"{CHAT}/say", {"text": "Quero dois", "quote": bubble["data-id"]})
    assert soup.select_one(".bubble--mine .bubble__text").text == "Quero dois"
    data = receiver.wait("messages.upsert")[0].data
    assert data["message"] == {"conversation": "Quero dois"}
    assert data["contextInfo"]["stanzaId"] == bubble["data-id"]


def test_an_audio_file_becomes_a_voice_note(shop: Gateway, receiver: Receiver) -> None:
    shop.send()
    sound = ("fala.ogg", b"OggS" + bytes(60), "audio/ogg")
    soup = submit(shop, f"{CHAT}/say", {"text": ""}, file=sound)
    assert receiver.wait("messages.upsert")[0].data["message"]["audioMessage"]["ptt"] is True
    source = soup.select_one("audio")["src"]
    assert shop.http.get(shop.url + source, timeout=5).content == sound[1]


def test_a_document_is_only_ever_downloaded(shop: Gateway) -> None:
    shop.send()
    soup = submit(shop, f"{CHAT}/say", {}, file=("x.html", b"<script>alert(1)</script>", "text/html"))
    answer = shop.http.get(shop.url + soup.select_one("a.bubble__file")["href"], timeout=5)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_new_customer_writes(shop: Gateway, receiver: Receiver) -> None:
    form = {"from": "55 21 98765-1234", "name": "João", "text": "Bom dia", "as": "missing_ninth"}
    soup = submit(shop, "/_sim/phone/loja/new-chat", form)
    assert "Bom dia" in soup.select_one(".bubble--mine").text
    assert receiver.wait("messages.upsert")[0].data["key"]["remoteJid"] == "552187651234@s.whatsapp.net"


def test_reading_reacting_deleting_and_the_owners_phone(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "config", {"behaviour": {"delivered": 600, "read_probability": 0}})
    key_id = shop.send().json()["key"]["id"]
    submit(shop, f"{CHAT}/read", {})
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")
    soup = submit(shop, f"/_sim/phone/loja/message/{key_id}", {"do": "react", "emoji": "👍"})
    assert soup.select_one(".bubble__reaction").text == "👍"
    submit(shop, f"{CHAT}/say", {"text": "da loja", "role": "business"})
    typed = receiver.wait("messages.upsert", where=lambda data: data["key"]["fromMe"])[0].data
    soup = submit(shop, f"/_sim/phone/loja/message/{typed['key']['id']}", {"do": "delete"})
    assert soup.select_one(".bubble__gone")


def test_faults_are_switched_on_and_off(shop: Gateway) -> None:
    soup = submit(shop, "/_sim/panel/loja/faults", {"kind": "status_503", "count": "2"})
    assert "faltam 2" in soup.text
    assert shop.send().status_code == 503
    submit(shop, "/_sim/panel/loja/off", {"id": "all"})
    assert shop.send().status_code == 201
    submit(shop, "/_sim/panel/habits", {"read_probability": "10", "reply_probability": "20"})
    behaviour = shop.sim("GET", "config")["behaviour"]
    assert (behaviour["read_probability"], behaviour["reply_probability"]) == (0.1, 0.2)


def test_losing_the_connection_by_a_click(shop: Gateway, receiver: Receiver) -> None:
    submit(shop, "/_sim/phone/loja/lose", {"how": "ban"})
    assert receiver.wait("status.instance")[0].data["disconnectionReasonCode"] == 403
    assert "banido" in page(shop, "/_sim/phone/loja").select_one(".state").text


def test_news_name_the_chat_that_changed(shop: Gateway) -> None:
    with shop.http.get(f"{shop.url}/_sim/news?of=loja", stream=True, timeout=10) as news:
        lines = news.iter_lines(decode_unicode=True)
        assert next(lines) == "retry: 2000"
        Gateway(int(shop.url.rsplit(":", 1)[1])).send()
        assert f"data: {MARIA_JID}" in (line for line in lines if line)
