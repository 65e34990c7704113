"""Hyperbolic space, trees in it, and densities on it.

======================  =====================================================================
models                  four models, their distances and the changes between them
isometries              Lorentz matrices: made, drawn, applied and checked
curves                  geodesics, speeds and lengths of curves
normal_coordinates      tangent vectors at the origin as coordinates: distance, exponential map, logarithm, transport, at any radius
charts                  five coordinate systems of any curvature, and their volume elements
hyperboloid_maps        exponential map, logarithm and transport by the Lorentz product
wrapped_normal          the wrapped normal: draws and density; wrapped_fit reads one off values of log p
flows                   normalising flows: couplings in the tangent space at the origin, and wrapped couplings
synthetic               wrapped Gaussian, checkerboard and two spirals, with exact densities
scaled_embeddings       an embedding read in two curvatures
*_measurements          the same against a second definition, each with its bound
sarkar_trees            trees, distances in them, and Sarkar's embedding
sarkar_fidelity         distortion and mean average precision of an embedding
fidelity_by_definition  the same from their definitions, in plain Python
tree_frames             Sarkar's embedding without coordinates, at any radius
sarkar_all_pairs        its measures over all pairs, a rectangle of pairs at a time
neighbour_ranks         its mean average precision, from the strangers near neighbours
sarkar_measurements     a planted tree against the bounds of the claims
graph_fidelity          the measures of any embedding of any graph, by rows of shortest paths
fidelity_measurements   the measures of one embedding by three ways
euclidean_embeddings    Euclidean embeddings, optimised, and their lower bounds
four_points             Gromov's four-point delta; areas and triangles of the plane
tree_isometries         an embedded tree before and after an isometry, each measurement with its bound
======================  =====================================================================
"""
