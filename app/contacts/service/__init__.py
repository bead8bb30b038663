"""Verbs that write contacts; each asks its permission, writes its audit row and emits its fact."""
