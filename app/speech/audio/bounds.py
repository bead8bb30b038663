"""How much is read and written."""

MAX_BYTES = 32 * 1024 * 1024
MAX_SECONDS = 30 * 60.0
TARGET_LUFS = -16.0
"""What a phone's speaker wants of speech; voice notes of people come near it."""
VOICE_NOTE_MIME = "audio/ogg; codecs=opus"
VOICE_NOTE_LIMIT = 512 * 1024
"""Above it WhatsApp's Cloud API shows a download arrow instead of the player."""
