"""The symbolic floor: exact objects, derivations and certificates. No torch, no floats.

:mod:`theory.proof` says how a statement is decided and :mod:`theory.arithmetic` holds
exact numbers and matrices. On these two stand the subjects
:mod:`theory.groups`, :mod:`theory.distributions`, :mod:`theory.likelihoods`,
:mod:`theory.latents` and :mod:`theory.hyperbolic`; :mod:`theory.representations` builds
on groups, :mod:`theory.transports` and :mod:`theory.detection` on distributions. No
import runs the other way.
"""
