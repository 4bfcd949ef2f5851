"""Scenarios and studies: YAML in layers, checked as one, every value with the line that set it."""
