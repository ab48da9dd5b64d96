"""What surrounds a run: checks before it, progress, the manifest, the closing summary."""
