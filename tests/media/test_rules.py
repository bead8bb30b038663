import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.media import rules
from app.media.rules.names import extension_of
from app.ui.ranges import Part, find_part
from tests.media import samples

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("data", "name", "mime", "kind", "extension"),
    [
        (samples.picture("PNG"), "a.png", "image/png", "image", "png"),
        (samples.picture("JPEG"), "a", "image/jpeg", "image", "jpg"),
        (samples.picture("WEBP"), "a.webp", "image/webp", "image", "webp"),
        (samples.picture("GIF"), "a.gif", "image/gif", "image", "gif"),
        (samples.picture("BMP"), "a.bmp", "image/bmp", "document", "bmp"),
        (samples.MP4, "a.mp4", "video/mp4", "video", "mp4"),
        (samples.MP4, "a.m4a", "audio/mp4", "audio", "m4a"),
        (samples.MP4.replace(b"mp42", b"qt  ", 1), "a.mov", "video/quicktime", "document", "mov"),
        (samples.MP4.replace(b"mp42", b"heic", 1), "a.heic", "image/heic", "document", "heic"),
        (samples.OGG, "a.opus", "audio/ogg", "audio", "ogg"),
        (samples.MP3, "a.mp3", "audio/mpeg", "audio", "mp3"),
        (samples.PDF, "a.pdf", "application/pdf", "document", "pdf"),
        (samples.package(), "a.zip", "application/zip", "document", "zip"),
        (samples.package(), "a.docx", DOCX, "document", "docx"),
        (samples.OLE, "a.xls", "application/vnd.ms-excel", "document", "xls"),
        (samples.SVG, "a.png", "image/svg+xml", "document", "svg"),
        (samples.HTML, "a.txt", "text/html", "document", "html"),
        ("nome;telefone\nJosé;1".encode(), "a.csv", "text/csv", "document", "csv"),
        ("ação".encode("latin-1"), "a.txt", "text/plain", "document", "txt"),
        (b"\x00\x01\x02\x03", "a.xyz", "application/octet-stream", "document", "xyz"),
    ],
)
def test_the_bytes_tell_the_type(data, name, mime, kind, extension):
    assert rules.sniff(data, extension_of(name)) == rules.Type(mime, kind, extension)


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\foto.png", "foto.png"),
        ("<script>alert(1)</script>.png", "script_.png"),
        ("<b>oi</b>.png", "b_.png"),
        ("a\x00b\x1b[31m.png", "ab[31m.png"),
        ("fatura\u202egnp.exe", "faturagnp.exe"),
        ("linha\r\nX-Header: 1.png", "linha X-Header_ 1.png"),
        ("  Orçamento  de   junho.pdf ", "Orçamento de junho.pdf"),
        (".htaccess", "htaccess"),
        ("...", ""),
        ('a"b|c?.png', "a_b_c_.png"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        ("é" * 300, "é" * 120),
    ],
)
def test_names_come_out_harmless(given, clean):
    assert rules.clean_name(given) == clean


@given(st.text(max_size=300))
def test_any_name_comes_out_harmless(name):
    clean = rules.clean_name(name)
    assert len(clean) <= 120
    assert not set(clean) & set('/\\<>:"|?*\r\n\x00')
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in clean)
    assert clean == clean.strip(". ")


@pytest.mark.parametrize(
    ("name", "mime", "kind", "extension", "kept"),
    [
        ("foto.png", "image/png", "image", "png", "foto.png"),
        ("foto.JPEG", "image/jpeg", "image", "jpg", "foto.JPEG"),
        ("foto.png", "image/jpeg", "image", "jpg", "foto.jpg"),
        ("foto", "image/jpeg", "image", "jpg", "foto.jpg"),
        ("", "image/jpeg", "image", "jpg", "arquivo.jpg"),
        ("contrato.pdf", "application/zip", "document", "zip", "contrato.pdf.zip"),
        ("dados.xyz", "application/octet-stream", "document", "xyz", "dados.xyz"),
        ("dados", "application/octet-stream", "document", "bin", "dados.bin"),
    ],
)
def test_the_extension_is_the_true_one(name, mime, kind, extension, kept):
    assert rules.with_extension(name, rules.Type(mime, kind, extension), "arquivo") == kept


def test_a_photo_loses_its_place_and_keeps_its_picture():
    original = samples.photo(orientation=6)
    with Image.open(io.BytesIO(original)) as before:
        assert before.getexif().get_ifd(0x8825)
        pixels = before.tobytes()
    clean = rules.without_place(original)
    with Image.open(io.BytesIO(clean)) as after:
        exif = after.getexif()
        assert dict(exif) == {0x0112: 6}
        assert not exif.get_ifd(0x8825)
        assert after.tobytes() == pixels
    assert b"Maria" not in clean
    assert b"Fabricante" not in clean


def test_a_photo_the_right_way_up_keeps_no_exif_at_all():
    assert b"Exif" not in rules.without_place(samples.photo())


def test_a_picture_without_secrets_is_untouched():
    plain = samples.picture("JPEG")
    assert rules.without_place(plain) is plain


@given(st.binary(max_size=200))
def test_broken_photos_break_nothing(tail):
    assert rules.without_place(b"\xff\xd8\xff\xe1" + tail).startswith(b"\xff\xd8")


def test_sizes_are_read_without_decoding():
    file = io.BytesIO(samples.picture("PNG", (31, 17)))
    assert rules.image_size(file) == (31, 17)
    assert file.tell() == 0


def test_pictures_with_too_many_pixels_are_refused():
    with pytest.raises(rules.ImageTooLarge):
        rules.image_size(io.BytesIO(samples.bomb()))


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", samples.picture()[:20]])
def test_broken_pictures_are_refused(data):
    with pytest.raises(rules.UnreadableImage):
        rules.image_size(io.BytesIO(data))


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-", Part(0, 10)),
        ("bytes=2-4", Part(2, 3)),
        ("bytes=4-99", Part(4, 6)),
        ("bytes=-3", Part(7, 3)),
        ("bytes=-99", Part(0, 10)),
        ("bytes=-", None),
        ("bytes=0-1,4-5", None),
        ("items=0-1", None),
        ("rubbish", None),
    ],
)
def test_ranges(header, part):
    assert find_part(header, 10) == part


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=5-2", "bytes=-0"])
def test_ranges_outside_the_file(header):
    with pytest.raises(ValueError):
        find_part(header, 10)
