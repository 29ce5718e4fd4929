"""The judge: the process that holds the suites, asks workers, and gives the verdicts."""
