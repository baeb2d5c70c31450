"""Kling Omni, a Blender extension. Blender loads this file; all it does is hand on two names."""

from .kling_omni_addon import register, unregister

__all__ = ["register", "unregister"]
