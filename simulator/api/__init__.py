"""The gateway's side: Evolution API v2.3.7 as callers know it."""
