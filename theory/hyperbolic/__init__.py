"""Hyperbolic space of every dimension, exactly: points are rational, and identities
hold in every dimension through a few scalars.

:mod:`.models` holds the distance on the hyperboloid, in the Poincaré and Klein balls
and in the half-space, and rational points. :mod:`.isometries` holds Lorentz matrices,
the criterion for keeping the forward sheet, and motions of the ball. :mod:`.trees`
holds every labelled tree, mean average precision by two algorithms, and the tables of
distances that an embedding is judged by. :mod:`.perpendiculars` and
:mod:`.turning_chains` hold the two bounds for broken lines,
:mod:`.rational_words` and :mod:`.planted_trees` the same one by one in fractions,
:mod:`.tree_certificates` the bound for one tree in whole numbers, :mod:`.edge_lengths`
the least edge length for a distortion. :mod:`.fidelity_measures`,
:mod:`.euclidean_distortion` and :mod:`.four_points` hold what embeddings are judged by,
what Euclidean space cannot do, and how thin hyperbolic space is. :mod:`.charts` holds
metrics, volume elements and normal coordinates, :mod:`.exponential_map` what the
exponential map does to lengths and volumes, :mod:`.wrapped_mass` masses by balls,
:mod:`.curvature` spaces of other curvature, :mod:`.checkerboard` a sampler cell by
cell.
"""
