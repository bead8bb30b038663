"""A pretend WhatsApp gateway: speaks Evolution API v2.3.7 over real HTTP, with phones one can play."""
