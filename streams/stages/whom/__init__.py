"""Hostile to *whom*? What a comment's own words say of whom its insults are for, and the small model that weighs it."""
