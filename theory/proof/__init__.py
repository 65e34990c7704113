"""How a statement is decided: what can be claimed, rigorous enclosures in ball
arithmetic, normal forms, and proofs by rewriting.

:mod:`.statements` lists what a theorem comes to, as inert data. :mod:`.balls` encloses
the values of SymPy expressions and refutes by balls that exclude zero;
:mod:`.ball_evaluator` walks an expression for it, :mod:`.ball_gamma` adds the gamma
family and :mod:`.ball_truncation` bounds the tails of integrals.
:mod:`.prepare` brings expressions into the form that is evaluated, :mod:`.normal_forms`
proves that one is identically zero. :mod:`.instances` draws numbers for symbols and
distributions or other elementary functions for undefined functions, :mod:`.sampling`
keeps the draws at which the assumptions are proved.
:mod:`.terms`, :mod:`.words` and :mod:`.blocks` replay equational proofs over terms,
words and block matrices of any size. :mod:`.lagrange` states Lagrange's identity, by
which several subjects bound inner products.
"""
