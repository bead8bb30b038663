"""One module for each provider; `registry` finds them by name."""
