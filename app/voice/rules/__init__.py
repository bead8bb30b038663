"""What a voice's audio is made of, what it costs and when it may be made. Pure."""
