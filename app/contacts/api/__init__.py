"""JSON doors of contacts, imports, exports, groups, tags and lists."""

from app.contacts.api import contacts, exports, imports, labels

blps = (contacts.blp, imports.blp, exports.blp, labels.groups, labels.tags, labels.lists)
