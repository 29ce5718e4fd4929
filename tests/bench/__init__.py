"""Speed and memory of the grader, beside the other ways of running the same suites. Run it with `make bench`."""
