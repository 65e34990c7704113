r"""Maps that carry one law to another: triangular ones, their inverses, and a rotation between two of them.

One construction under three names. Integrate a density along a coordinate, given the earlier ones, and the law becomes uniform (Knothe-Rosenblatt);
integrate its quotient by a score, and the density becomes that score (Le Lan & Dinh); go to normal coordinates, rotate and come back, and the
law is the same while every coordinate depends on every other (Locatello et al.).

=====================  =====================================================================================
triangular             log-determinants from the diagonal of a map as evaluated
hypotheses             what a map asks of a density, and what is said where it fails
arbitrary_score        the bijection that realises any score; ``celled_score`` in cells, ``recovery`` back from the image
rosenblatt             onto the cube, from conditional laws: ``conditionals``, ``foreign_conditionals``,
                       or from a density alone in D <= 3: ``marginal_grids``, ``support_search``
entangling             F^-1 Phi A Phi^-1 F, with its error terms in ``entangling_errors`` and twins of a model in ``twins``
bijections             random bijections with known log-determinants, for measurements
=====================  =====================================================================================
"""

from numerics.transports.arbitrary_score import (
    ArbitraryScore,
    HypothesisError,
    Inspection,
    Inverse,
    LogFunction,
    PrecisionError,
    Slope,
    Trouble,
    dyadic_tails,
    log_ratio,
)
from numerics.transports.entangling import EntanglingMap
from numerics.transports.rosenblatt import KnotheRosenblatt
from numerics.transports.triangular import triangular_log_det, triangularity_defect

__all__ = [
    "ArbitraryScore",
    "EntanglingMap",
    "HypothesisError",
    "Inspection",
    "Inverse",
    "KnotheRosenblatt",
    "LogFunction",
    "PrecisionError",
    "Slope",
    "Trouble",
    "dyadic_tails",
    "log_ratio",
    "triangular_log_det",
    "triangularity_defect",
]
