"""Compression by latent-variable models, measured: rates of encoders, bounds of likelihoods, rate-distortion curves.

======================  ===========================================================================
encoders                random encoders on finite alphabets, and what their rate consists of
evidence_bounds         the ELBO, importance-weighted bounds, and likelihoods of Gaussian decoders
======================  ===========================================================================
"""
