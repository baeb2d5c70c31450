"""The life of a submission: what happens to it, what is next, when, and what it may cost."""
