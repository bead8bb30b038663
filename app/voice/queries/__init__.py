"""Reads of voices, audios and what they cost."""
