"""Backups: made every hour, tried every night, and the way back.

A backup is one sealed archive (database, the gateway's database, keys, list of files) beside sealed objects, one per
file of ours. Files never change, so an hour adds only its new ones, and old backups share them.

    backup-20261122-030000.recado     objects/ab/ab12…     objects/cd/cd34…
"""
