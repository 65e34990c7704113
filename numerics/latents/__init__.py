"""Latent representations: maps that entangle them, twins that have entangled ones, and
scores of disentanglement.

=====================  ======================================================================
entangling             F^-1 Phi A Phi^-1 F, which mixes all coordinates and keeps the distribution
entangling_bounds      how far rounding can carry what is measured on such a map
entangling_measured    density, Jacobian, inverse and jumps of such a map, each with its bound
pushed_samples         samples pushed through such a map: marginals, pairs, projections
twins                  the entangled twin of a model: same prior and data, another decoder
twin_comparison        draws of a model and of its twin, and their codes, held against each other
twin_measured          integrands, distributions of x and fitted weights of both models, each with its bound
known_scores           representations whose scores are known by counting
mutual_information_gap  the mutual information gap (MIG) on plain arrays
dci_score              disentanglement, completeness, informativeness (DCI) on plain arrays
factor_vae_score       the FactorVAE score on plain arrays
code_bins              codes as labels of equal mass or width, and as normal scores
population_scores      where these scores lie for an entangled representation, from its rotation alone
rotations              rotations without zero entries: Hadamard, Hartley, reflections, near a permutation; by name
=====================  ======================================================================
"""
