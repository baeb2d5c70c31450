"""Shots that are set up from what is on the timeline."""
