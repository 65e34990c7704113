"""Distances between samples and distributions, in constant memory, with what makes a
test of them.

=====================  ======================================================================
kolmogorov             Kolmogorov-Smirnov distances, exactly or on a grid, and counts over cells
two_samples            two samples of one distribution or not: joint distances with explicit constants
copulas                pairs of columns against the uniform distribution of the square
mmd                    unbiased MMD^2 in tiles, kernels, witness function; mmd_tests permutes, mmd_measurements tries it out
classifier_bounds      JSD and total variation from below by a classifier on held-out halves
total_mass             the mass of an unnormalised density by draws, with its error; mass_measurements tries it out
coverage               masses of cells, and of draws far from the data, with intervals
=====================  ======================================================================
"""
