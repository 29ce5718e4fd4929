"""Is X itself twice as much?"""

import no_such_module


def double(X):
    return X
