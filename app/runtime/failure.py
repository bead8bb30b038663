class Failure(Exception):
    """A reason not to start that the operator can act upon: one line, shown without a traceback."""
