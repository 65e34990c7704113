"""Compression by latent-variable models, exactly: codes of a source, rates of encoders,
and what a decoder costs.

=====================  ============================================================================
source_codes           Kraft's sum, Huffman's code, blocks, and codes that are not prefix-free
variational_bounds     the rate of an encoder, the ELBO, importance weights, the likelihood
gibbs_encoders         the best encoder for a fixed decoder and prior, its curve and its prior
additive_noise         sources that are a reproduction plus noise: rates in closed form
linear_decoders        linear decoders of every size: posterior, completed square, determinants
annealing              annealed importance weights: unbiased for any number of temperatures
black_boxes            what N evaluations of a decoder can certify about its rate
nested_ranges          larger ranges and classes, and two linear decoders whose curves cross
toy_models             one decoder under two priors
=====================  ============================================================================
"""
