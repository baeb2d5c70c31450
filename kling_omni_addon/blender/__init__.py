"""Everything that says bpy."""
