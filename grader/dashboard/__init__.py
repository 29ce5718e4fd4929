"""The class page: how a class did, exercise by exercise and check by check, and the table of all students."""
