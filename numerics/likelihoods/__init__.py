"""Likelihoods of networks that answer for an image and for a label at once.

======================  =====================================================================
networks                networks with parameters that both answers share
bernoulli               their Bernoulli likelihoods: values, gradients by autograd, images by threshold
log_likelihoods         log likelihoods and entropies at one half, each with its bound
gradient_sizes          gradients of an image against a label's at one half, each with its bound
class_gaussians         a Gaussian for each label: joint, conditional and marginal log densities
rays                    ReLU classifiers along rays: slopes, logits, confidence
logistic_gaussian       a logistic classifier on Gaussian points, with parameters apart or shared
finite_families         weighted likelihoods over a finite family of models
residual_flows          Lipschitz bounds, log-determinants by series and roulette, inverses
per_sample              per-sample gradients of two log likelihoods in any module's parameters
======================  =====================================================================
"""
