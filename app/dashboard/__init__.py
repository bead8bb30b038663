"""The first page: what is going out, how it arrives, and what needs a hand."""
