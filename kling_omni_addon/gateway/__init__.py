"""One process owns the key; everybody else drops requests into a folder, the spool, and finds clips there."""
