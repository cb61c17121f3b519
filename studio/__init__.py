"""The studio: a page in the browser, served on this machine, that writes and reads. `python -m studio` opens it."""
