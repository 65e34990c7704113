"""The measuring floor: every object again from its definition, on any torch device,
with a stated error. No SymPy.

=====================  ======================================================================
streams                random numbers that do not depend on the device, from named seeds
blocks                 work cut into pure functions, which may be carried out elsewhere
errors                 what stops a measurement: a hypothesis that fails, or too little precision
bounds                 a residual and the bound on it, term by term
rounding               what rounding may do to products of matrices
quadrature             Gauss-Kronrod rules on an interval, their estimates and remainders
roots                  increasing functions inverted row by row
log_tails              probabilities as the logarithm of the smaller tail
distributions          densities, samplers, tails; their mass; those of other libraries
statistics             distances between samples and distributions, for tests
representations        representations of groups: averaging, decomposition, layers
likelihoods            Bernoulli likelihoods of networks with shared parameters
hyperbolic             models of hyperbolic space, isometries, trees and their embedding
transports             maps that carry one distribution to another
latents                entangled representations, their twins and their scores
detection              outlier detection: ROC areas, typicality, sets of a given mass
=====================  ======================================================================

The first eight stand on nothing else here. The next five stand on them, transports and
latents on those, detection on all.
"""
