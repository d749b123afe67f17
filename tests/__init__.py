"""Tests, one folder a room; what they share lies here."""
