"""JSON doors of accounts."""

from app.accounts.api import auth, tokens, users

blps = (auth.blp, users.blp, tokens.blp)
