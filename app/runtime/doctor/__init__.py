"""`recado doctor`: everything an operator would otherwise look at one by one, and what to do about each finding."""
