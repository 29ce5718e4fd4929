"""Proof that a suite finds mistakes: mutants of the reference solution, run through the real judge."""
