"""Anomaly detection, exactly: how well a score separates inliers from outliers, and
which points are typical.

:mod:`.roc` holds the area under a ROC curve as pair counts, as the area of the curve
and as a kernel on pairs, and what maps of the data do to it.
:mod:`.typicality` holds moments of sums, typical sets with their volumes, the
exponential-power family, and typicality under maps.
"""
