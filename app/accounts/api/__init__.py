"""JSON doors of accounts."""

from app.accounts.api import auth, users

blps = (auth.blp, users.blp)
