"""Reads: contacts, what surrounds them, segments and imports."""
