"""Notebooks: those that students hand in are read without running them, and those that they get are written.

A notebook that was handed in becomes, for each exercise that it answers, a Python file like any other: imports,
definitions and constants, in the order of the cells. `CellMap` says where each line of that file came from.
"""
