"""What becomes of a shot once it is submitted."""
