"""One file for each version. One that was released is never changed."""
