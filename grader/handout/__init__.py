"""What leaves the course: the hand-out for students, and packages for services that grade by themselves."""
