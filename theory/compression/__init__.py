"""Compression by latent-variable models, exactly: codes of a source, rates of encoders, and what a decoder costs.

=====================  ============================================================================
source_codes           Kraft's sum, Huffman's code, blocks, and codes that are not prefix-free
variational_bounds     the rate of an encoder, the ELBO, importance weights, the likelihood
tilted_encoders        the best encoder for a fixed decoder and prior, its curve and its prior
additive_noise         sources that are a reproduction plus noise: rates in closed form
=====================  ============================================================================
"""
