"""Versioned infrastructure templates, and the environments and services made from them, kept in Git."""

__version__ = "0.1.0"
