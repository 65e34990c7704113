"""Public Hypothesis strategies: where the cases of the catalogue come from, for use in
any test suite.

A module per topic. Each strategy draws :class:`proofs_checks.kernel.Case` objects or
plain data from which exact objects and tensors are derived, and each says which family
it covers.
"""
