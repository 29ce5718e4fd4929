def test_three(submission):
    """three is four"""
    assert submission.three() == 4, "three() should be 3"
