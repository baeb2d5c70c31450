"""The clips of one shot: which a strip shows, and what they were made with."""
