"""Outlier detection by scores: what thresholds tell apart, typicality, and sets of a
given mass.

=====================  ======================================================================
roc                    the area under the ROC curve, exactly and within an interval
image_scores           inliers and outliers sent through a map, scored by the density of their images
typicality             entropies, typicality scores of points and batches
typical_sets           mass and volume of typical sets of products
mapped_distributions   products with a map whose image has a known density
sets                   images of sets, sets between quantiles, level sets and their volumes
=====================  ======================================================================
"""
