"""The other side of the mirror: /_sim/..., where tests and people play WhatsApp."""
