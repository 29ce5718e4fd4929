"""The layouts that are read, one module each: what a layout is known by, and who is in it."""
