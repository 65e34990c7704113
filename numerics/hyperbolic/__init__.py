"""Hyperbolic space of curvature -1, and trees in it.

=====================  ======================================================================
models                 four models, their distances and the changes between them
isometries             Lorentz matrices: made, drawn, applied and checked
curves                 geodesics, speeds and lengths of curves
trees                  trees, distances in them, and Sarkar's embedding
fidelity               distortion and mean average precision of an embedding
counted_fidelity       the same from their definitions, in plain Python
moved_trees            an embedded tree before and after an isometry, each measurement with its bound
=====================  ======================================================================
"""
