"""The shot that is being set up: its kind, settings, prompt, and what is wrong with it."""
