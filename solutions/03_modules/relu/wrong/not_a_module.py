"""Your class computes the right thing, but what does the statement say it is? Try to put one into a model
next to torch's own layers."""


class ReLU:
    def forward(self, X):
        return X.clamp(min=0)

    def __call__(self, X):
        return self.forward(X)
