"""What this Blender has open to Kling: the session, its snapshots, and what was asked of the account."""
