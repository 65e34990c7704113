"""Representations of groups in floating point, with bounds on every result.

=====================  ======================================================================
averaging              finite groups given element by element: averages, unitary matrices, characters
monomial               permutation and monomial matrices, and their exact conjugates over the Gaussian integers
averaged_projectors    Maschke's averaged projectors onto invariant subspaces
regular_action         a finite group as permutations of its own elements, known or found in matrices
commutant              means over a group from generators alone, and the eigenspaces of one
invariant_forms        invariant forms, and the matrices that they make unitary
irreps                 irreducible pieces, a decomposition and its certificate: the results
decomposition          a representation split into irreducible ones, from generators
splitting              a representation given element by element, split, with bounds on every piece
perturbed_eigenspaces  angles by which errors turn eigenspaces, against the bounds of Davis and Kahan
certificates           what carries a decomposition: residuals, and integers read off characters
batch                  many small representations of one group decomposed at once
representation         permutation, regular, induced, restricted, tensor and dual representations
intertwiners           equivalence of representations: averaged intertwiners and their polar factors
conjugate_pairs        a representation against a conjugate: traces, intertwiners and their number
complements            invariant complements under a Hermitian form
measured_complements   what matrices carry out of such a complement
measured_characters    characters of pieces against what a character table satisfies
compact                U(1), SU(2) and SO(3): matrix coefficients, quadrature, random elements
equivariant_layers     layers as torch modules, and how far one is from equivariant
tensor_actions         group actions on the axes of signals and images
permutation_averages   averages of matrices over groups of permutations
point_symmetries       the isometries that map a planar point set to itself
factor_means           dimensions that each factor of a product moves, by means of traces
grid_codes             codes on a grid of factor values: interaction, frequencies, distance
code_spans             ranks of frequencies against the rank of codes, subspaces of factors
fitted_actions         linear actions by least squares, orders, commutators, principal angles
measured_codes         codes with a known spectrum, measured
square_symmetries      what is said of the symmetries of a square, read off such isometries
=====================  ======================================================================
"""
