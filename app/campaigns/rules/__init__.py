"""Pure decisions about campaigns: what may happen when, what a text says, what the numbers mean."""
