"""Probability distributions, exactly: on finitely many points, and as densities under
maps.

:mod:`.finite` decides statements about distributions on finitely many points or cells
by enumeration: maps, sets of a given mass, sets of least volume.
:mod:`.pushforward` states the density of an image: change of variables on a line, mass
balances along fibres, countably many affine pieces.
:mod:`.divergences`, :mod:`.jensen_shannon` and :mod:`.mean_embeddings` state what KL,
JSD and MMD are and bound, :mod:`.gaussian_likelihood` which Gaussian KL prefers,
:mod:`.rankings` how measures rank models, :mod:`.scores` integration by parts,
:mod:`.ornstein_uhlenbeck` the way to noise and back.
"""
