"""Who asks, through whom, and what they may: keys, proofs, passes, mandates and hop tokens."""
