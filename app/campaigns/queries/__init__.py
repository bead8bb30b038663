"""Reads: campaigns, who they are for, what each person gets, how far they are."""
