"""Voices and audios as JSON."""

import marshmallow as ma
from marshmallow import fields, validate

from app.core.schema import PageQuery, Schema, UtcDateTime
from app.speech.port import PITCHES, RATES, VOLUMES
from app.voice.queries.configs import PROVIDERS
from app.voice.service.asking import MAX_TEXT


class SsmlSchema(Schema):
    """Every one optional; a provider that cannot do it refuses the configuration and says so."""

    emphasis = fields.String(validate=validate.OneOf(("", "reduced", "moderate", "strong")))
    sentence_pause_ms = fields.Integer(validate=validate.Range(0, 5000))
    style = fields.String(validate=validate.Length(max=60))
    effects = fields.String(validate=validate.Length(max=60))


class VoiceConfigChangeSchema(Schema):
    name = fields.String(validate=validate.Length(min=1, max=80))
    provider = fields.String(validate=validate.OneOf(PROVIDERS))
    voice_id = fields.String(validate=validate.Length(min=1, max=200))
    language_code = fields.String(validate=validate.Length(min=2, max=20))
    speaking_rate = fields.Float(validate=validate.Range(*RATES))
    pitch = fields.Float(validate=validate.Range(*PITCHES), metadata={"description": "Semitones."})
    volume = fields.Float(validate=validate.Range(*VOLUMES), metadata={"description": "Decibels."})
    ssml_settings = fields.Nested(SsmlSchema)
    speaks_in_parts = fields.Boolean(metadata={"description": "Make what all texts share once, and join."})
    fallback_id = fields.UUID(allow_none=True, metadata={"description": "Who speaks while the provider is away."})
    is_default = fields.Boolean()
    is_active = fields.Boolean()


class NewVoiceConfigSchema(VoiceConfigChangeSchema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=80))


class VoiceConfigSchema(Schema):
    id = fields.UUID()
    name = fields.String()
    provider = fields.String()
    voice_id = fields.String()
    voice_class = fields.String()
    language_code = fields.String()
    speaking_rate = fields.Float()
    pitch = fields.Float()
    volume = fields.Float()
    ssml_settings = fields.Dict()
    speaks_in_parts = fields.Boolean()
    fallback_id = fields.UUID(allow_none=True)
    is_default = fields.Boolean()
    is_active = fields.Boolean()
    created_at = UtcDateTime()
    updated_at = UtcDateTime()


class VoiceConfigQuery(PageQuery):
    pass


class GenerateSchema(Schema):
    text = fields.String(required=True, validate=validate.Length(min=1, max=MAX_TEXT))
    config_id = fields.UUID(load_default=None, metadata={"description": "The default voice when left out."})
    wait = fields.Integer(
        load_default=20, validate=validate.Range(0, 60), metadata={"description": "Seconds to wait for the audio."}
    )

    @ma.pre_load
    def also_known_as(self, data: object, **_rest: object) -> object:
        """`tts_config_id`, as campaigns call it."""
        if isinstance(data, dict) and "tts_config_id" in data:
            data = dict(data)
            data.setdefault("config_id", data.pop("tts_config_id"))
        return data


class AudioSchema(Schema):
    id = fields.UUID()
    status = fields.String(metadata={"description": "ready, or pending: ask `url` again."})
    audio_url = fields.String(allow_none=True, metadata={"description": "MP3; opens without a token for an hour."})
    voice_note_url = fields.String(allow_none=True, metadata={"description": "Ogg/Opus, as WhatsApp gets it."})
    duration = fields.Float(allow_none=True, metadata={"description": "Seconds."})
    character_count = fields.Integer()
    cached = fields.Boolean()
    expires_in = fields.Integer(allow_none=True)


class VoicesQuery(Schema):
    provider = fields.String(load_default="local", validate=validate.OneOf(PROVIDERS))
    language = fields.String(load_default="pt-BR", validate=validate.Length(min=2, max=20))
    wait = fields.Integer(load_default=10, validate=validate.Range(0, 30))


class VoiceSchema(Schema):
    id = fields.String()
    name = fields.String()
    language = fields.String()
    gender = fields.String()
    voice_class = fields.String()


class VoicesSchema(Schema):
    data = fields.List(fields.Nested(VoiceSchema))
    status = fields.String(metadata={"description": "ready, fetching, or the code of a trouble."})


class VoiceShareSchema(Schema):
    provider = fields.String()
    voice_class = fields.String()
    requests = fields.Integer()
    cache_hits = fields.Integer(attribute="hits")
    characters = fields.Integer()
    billed_characters = fields.Integer(attribute="billed")
    duration = fields.Float()
    cost_usd = fields.Float()


class VoiceMetricsSchema(Schema):
    campaign_id = fields.UUID()
    total_characters = fields.Integer(attribute="usage.characters")
    billed_characters = fields.Integer(attribute="usage.billed")
    total_audio_duration = fields.Float(attribute="usage.duration")
    total_cost_usd = fields.Float(attribute="usage.cost")
    cache_hit_rate = fields.Function(lambda one: one["usage"].hit_rate or 0.0, metadata={"type": "number"})
    provider_breakdown = fields.List(fields.Nested(VoiceShareSchema), attribute="usage.shares")
