"""Taking files in: what they really are, bounded, cleaned, stored once."""

import os
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import clock
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import FieldError, Invalid, NotFound, TooLarge
from app.core.facts import emit
from app.core.outbound import fetch
from app.core.permissions import require
from app.core.storage import fingerprint, new_key, storage
from app.media import queries, rules
from app.media.models import Media
from app.media.rules.kinds import HEAD, MB
from app.media.rules.names import extension_of

FIELD = "file"
LARGEST = max(rules.LIMITS.values())
SAME_ROW_FOR = timedelta(days=7)


@dataclass
class Incoming:
    """An upload that passed: `source` is what will be stored."""

    type: rules.Type
    name: str
    size: int
    source: bytes | BinaryIO
    width: int | None = None
    height: int | None = None


def store_upload(stream: BinaryIO, file_name: str, kind: str | None = None) -> Media:
    """Store a seekable stream. `kind` only says which use of it is wanted (`document` for a picture, `voice`).

    The sender's type is not asked: what counts is what the bytes are. The same bytes under the same name are the same
    row; under another name they share the stored file. Raises Invalid or TooLarge with the reason.
    """
    require("media.write")
    file = inspect(stream, file_name)
    digest = fingerprint(file.source)
    wanted = kind or file.type.kind
    with transaction():  # closed before the disk or the bucket is asked
        twins = queries.find_same(digest)
        twin = next((row for row in twins if _is_fresh_twin(row, file.name, wanted)), None)
        key = twins[0].storage_key if twins else new_key(current_actor().tenant_id)
    if not twins or not storage().exists(key):
        storage().put(key, file.source, file.type.mime)
    media = twin or _record(file, digest, key, wanted)
    if twins and not storage().exists(key):  # swept between the first look and the row
        storage().put(key, file.source, file.type.mime)
    return media


def _is_fresh_twin(row: Media, name: str, kind: str) -> bool:
    """An old row may be about to be swept for want of a use: whoever uploads again gets one of their own."""
    return row.file_name == name and row.kind == kind and row.created_at > clock.now() - SAME_ROW_FOR


def store_from_url(url: str, timeout: float = 60) -> Media:
    """Fetch a file and store it; in workers only. Raises Invalid (forbidden or unusable), OutboundError."""
    require("media.write")
    found = fetch(url, LARGEST, timeout)
    with found.body:
        return store_upload(found.body, unquote(urlsplit(found.url).path))


def check_uploaded(media_id: uuid.UUID) -> Media:
    """A file of this company, for whoever may use it; raises NotFound for any other.

    In the transaction that uses it: its row is held, so that no sweep takes the file away meanwhile.
    """
    wanted = select(Media).where(Media.id == media_id, Media.tenant_id == current_actor().tenant_id)
    with transaction() as session:
        media = session.scalars(wanted.with_for_update(read=True, key_share=True)).one_or_none()
    if media is None:
        raise NotFound(_("Arquivo não encontrado"))
    return media


def _record(file: Incoming, digest: str, key: str, kind: str) -> Media:
    with transaction() as session:
        media = Media(
            file_name=file.name,
            mime_type=file.type.mime,
            size=file.size,
            sha256=digest,
            storage_key=key,
            kind=kind,
            width=file.width,
            height=file.height,
        )
        session.add(media)
        session.flush()
        audit("media.create", "media", media.id, {"file_name": file.name, "mime_type": file.type.mime})
        emit("media.created", media_id=media.id, kind=kind)
    return media


def inspect(stream: BinaryIO, file_name: str) -> Incoming:
    """What a seekable stream holds, bounded and cleaned; raises Invalid or TooLarge."""
    size = _size(stream)
    head = stream.read(HEAD)
    stream.seek(0)
    name = rules.clean_name(file_name)
    real = rules.sniff(head, extension_of(name))
    _check_name(name, real)
    _check_size(real, size)
    file = Incoming(real, rules.with_extension(name, real, _fallback_name(real)), size, stream)
    return _inspect_image(file, stream) if real.kind == "image" else file


def _size(stream: BinaryIO) -> int:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not size:
        raise Invalid.field(FIELD, _("O arquivo está vazio."))
    return size


def _check_name(name: str, real: rules.Type) -> None:
    if rules.is_program(name, real):
        raise Invalid.field(FIELD, _("Por segurança, programas não podem ser enviados."))
    if not rules.agrees(name, real):
        raise Invalid.field(FIELD, _("O conteúdo do arquivo não é o que o nome diz. Ele pode estar corrompido."))


def _check_size(real: rules.Type, size: int) -> None:
    limit = rules.LIMITS[real.kind]
    if size > limit:
        message = _too_large(real.kind, limit // MB)
        raise TooLarge(message, errors=[FieldError(FIELD, message)])


def _too_large(kind: str, limit: int) -> str:
    return {
        "image": _("Imagens podem ter até %(limit)s MB.", limit=limit),
        "video": _("Vídeos podem ter até %(limit)s MB.", limit=limit),
        "audio": _("Áudios podem ter até %(limit)s MB.", limit=limit),
        "document": _("Arquivos podem ter até %(limit)s MB.", limit=limit),
    }[kind]


def _fallback_name(real: rules.Type) -> str:
    return {"image": _("imagem"), "video": _("vídeo"), "audio": _("áudio"), "document": _("arquivo")}[real.kind]


def _inspect_image(file: Incoming, stream: BinaryIO) -> Incoming:
    try:
        file.width, file.height = rules.image_size(stream)
    except rules.ImageTooLarge as error:
        raise Invalid.field(FIELD, _("A imagem tem pontos demais; diminua as dimensões dela.")) from error
    except rules.UnreadableImage as error:
        raise Invalid.field(FIELD, _("Não conseguimos abrir esta imagem; ela pode estar corrompida.")) from error
    if file.type.mime == "image/jpeg":
        file.source = rules.without_place(stream.read())
        file.size = len(file.source)
        stream.seek(0)
    return file
