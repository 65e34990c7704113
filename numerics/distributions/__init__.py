"""Probability distributions on R^D: one interface, densities, samplers that never see
them, and tails that do not saturate.

=====================  ======================================================================
interface              what a distribution is: dim, log_prob, sample; tail, quantile, mean where they are known
product                independent columns in log space: the base of univariate families, products of them
marginals              the univariate families
mixtures               Gaussian mixtures
joint                  Student products, a heavy ridge, a curved band
singular               distributions without a density
declared               all of these by name, and scores by name
library_marginals      one-dimensional distributions of torch and SciPy as marginals
base_density           what a black-box log density is: a Gaussian, a product, a mixture
charts                 boxes and the simplex as R^D: poles, heavy tails and jumps at ends become exponential tails
mass                   the integral of a density over R, R^2 or R^3, from its values alone
divergence_values      KL and JSD of finite distributions, and what inequalities between them leave over
gaussian_fits          the Gaussian of least KL, either way, by descent; best_gaussians proves those of JSD and MMD
score_matching         objectives, divergence and Jacobian of a field; score_consistency, score_measured: what a score satisfies
noising                mixtures on their way to noise under the Ornstein-Uhlenbeck process
=====================  ======================================================================
"""
