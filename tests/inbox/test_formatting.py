import pytest

from app.inbox.views.formatting import chat


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Oi *Ana*\ntudo _bem_?", "Oi <strong>Ana</strong><br>tudo <em>bem</em>?"),
        ("- um\n- *dois*\nfim", "<ul><li>um</li><li><strong>dois</strong></li></ul>fim"),
        ("1. um\n2. dois", '<ol><li value="1">um</li><li value="2">dois</li></ol>'),
        ("> citado\nresposta", "<blockquote>citado</blockquote>resposta"),
        ("veja `a_b_c` e ```x\n*y*```", "veja <code>a_b_c</code> e <code class='msg__code'>x\n*y*</code>"),
        ("-sem espaço", "-sem espaço"),
        (None, ""),
    ],
)
def test_marks_are_shown_as_whatsapp_does(text, html):
    assert str(chat(text)) == html


@pytest.mark.parametrize(
    ("text", "target", "after"),
    [
        ("Veja https://a.com/x_y_z.", "https://a.com/x_y_z", "."),
        ("(https://a.com/a_(b)) ok", "https://a.com/a_(b)", ") ok"),
        ("*www.padaria.com.br*", "https://www.padaria.com.br", "</strong>"),
        ("https://a.com/?a=1&b=2", "https://a.com/?a=1&amp;b=2", ""),
    ],
)
def test_addresses_can_be_followed_and_keep_their_own_signs(text, target, after):
    html = str(chat(text))
    assert f'href="{target}"' in html
    assert html.endswith(f"</a>{after}")
    assert 'rel="noopener noreferrer nofollow"' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        'https://a.com/"onmouseover="alert(1)',
        "```<img src=x onerror=1>```",
        "`<b>`",
        "> <i>x</i>",
        "javascript:alert(1)",
        "\x000\x00 \x0099\x00",
    ],
)
def test_nothing_hostile_gets_through(text):
    html = str(chat(text))
    for sign in ("<script", "<img", "<b>", "<i>", "\x00", 'href="javascript', '" onmouseover', '"onmouseover="alert'):
        assert sign not in html


def test_a_huge_text_of_marks_is_quick_enough_to_show():
    assert chat("*_~`> - " * 8000)
