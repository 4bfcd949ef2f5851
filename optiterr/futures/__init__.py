"""Sampled futures: how accounts grow and leave and reps go, and what that does to a plan."""
