def test_c(submission):
    """twice as much"""
    assert submission.c(3) == 6, "it should be twice x"
