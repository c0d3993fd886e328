"""Advice: plans suggested from a schema and a profile, with reasons."""
