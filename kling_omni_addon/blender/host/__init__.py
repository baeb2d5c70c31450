"""Blender itself, whichever version: its editors, timers, lists, strips and reports."""
