"""Everything that brings the program up on a machine that has nothing but Python."""
