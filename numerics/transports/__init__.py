r"""Maps that carry one distribution to another: triangular ones, and their inverses.

One construction under two names. Integrate a density along a coordinate, given the
earlier ones, and the distribution becomes uniform (Knothe-Rosenblatt); integrate its
quotient by a score, and the density becomes that score (Le Lan & Dinh).

=====================  ======================================================================
triangular             log-determinants from the diagonal of a map as evaluated
bijections             random bijections with known log-determinants, for measurements
domain                 what a map asks of a density, and what is said where it fails
arbitrary_score        the bijection that realises any score
arbitrary_score_measurements  the same measured: Jacobian, inverse, finiteness, masses of cells
adaptive_score         the same on panels that are split where the quadrature errs, images in logarithms
fibre_panels           panels along the fibres of many points, split all at once
flow_checks            what a normalising flow says of itself, against the map as evaluated
flow_images            preimages, folds, and how far the images of far points come
image_density          the density of an image, recovered from the image alone
conditionals           conditional distributions in closed form
library_conditionals   other libraries' distributions as conditionals
grid_conditionals      conditionals of a density on R, R^2 or R^3, by quadrature
panels                 where such a density has its mass, and panels that resolve it
rosenblatt             the map onto the cube, by either kind of conditionals
radial_maps            maps along rays, equivariant where p/s is invariant
radial_measurements    the same measured: determinant, inverse, isometries, scores within orbits
orbit_scores           densities averaged over orbits of isometries, and scores within orbits
declared               distributions called by name, with their maps onto the cube
=====================  ======================================================================
"""

from numerics.transports.arbitrary_score import ArbitraryScore, Inspection, Inverse, Slope, dyadic_tails, log_ratio
from numerics.transports.domain import HypothesisError, LogFunction, PrecisionError, Trouble
from numerics.transports.rosenblatt import KnotheRosenblatt
from numerics.transports.triangular import triangular_log_det, triangularity_defect

__all__ = [
    "ArbitraryScore",
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
