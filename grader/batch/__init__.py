"""Grade what a class handed in: digests of the exercises, tasks, pools that run them, and the run itself."""
