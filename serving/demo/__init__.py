"""The main job in one command: every verb in its order, and a summary of what came out."""
