"""Blind listening tests of synthesized speech: a page for listeners, and the figures of their answers."""
