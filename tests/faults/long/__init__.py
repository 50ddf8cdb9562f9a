"""Kills at random: clusters are built and taken away again while their workers are killed again and again."""
