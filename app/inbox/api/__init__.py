"""JSON doors of the inbox."""

from app.inbox.api.figures import metrics
from app.inbox.api.labels import queues, quick_replies, users
from app.inbox.api.tickets import blp

blps = (blp, queues, quick_replies, users, metrics)
