"""Text to speech: four providers behind one port, the audio they make and the reading of Portuguese.

Pure, as the gateways are: no Flask, no database, no configuration; credentials and settings come as arguments.
"""
