"""Figures, printed: never asserted."""
