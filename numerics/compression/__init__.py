"""Compression by latent-variable models, measured: rates of encoders, bounds of
likelihoods, rate-distortion curves.

======================  ===========================================================================
source_codes            Huffman codes of random sources, and messages that are coded and read again
encoders                random encoders on finite alphabets, and what their rate consists of
evidence_bounds         the ELBO, importance-weighted bounds, and likelihoods of Gaussian decoders
rate_distortion         R(D) at a slope with a certified interval: interior point, Blahut-Arimoto
gibbs_encoders          the best encoder for a fixed decoder and prior; other priors, other ranges
additive_noise          sources that are a reproduction plus noise
linear_decoders         -log Z of linear decoders, and the mean weight of draws
twin_curves             decoders of two Gaussian codes and their rotated twins
annealing               annealed importance weights, by all paths and by chains that are drawn
annealed_chains         annealing of continuous codes by leapfrogs, upwards and downwards
black_boxes             searches for a hidden reconstruction
nested_ranges           growing ranges and growing classes
toy_models              one decoder under two priors
======================  ===========================================================================
"""
