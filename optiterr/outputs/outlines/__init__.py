"""Outlines of countries and states, drawn behind accounts."""
