def test_right(submission):
    """This one is right"""
    assert submission.double(1) == 2, "double"


def test_wrong(submission):
    """This one refuses the reference solution too"""
    assert submission.double(2) == 5, "double"
