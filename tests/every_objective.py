"""An objective of every kind, of constant weight and by a schedule; without TensorFlow."""

from zoo import schedules
from zoo.objectives import (
    ELBO,
    Capacity,
    FreeBits,
    GroupFreeBits,
    ImportanceWeighted,
    TotalCorrelation,
)

OBJECTIVES = [
    ELBO(),
    ELBO(2.5),
    ELBO(schedules.Linear(0.5, 1.0, 10)),
    ELBO(schedules.Cyclical(10, top=0.8)),
    FreeBits(0.3),
    FreeBits(0.3, together=True),
    FreeBits(9.0, together=True),
    GroupFreeBits(0.3),
    GroupFreeBits(9.0, beta=schedules.Linear(0.5, 1.0, 10)),
    GroupFreeBits((0.3,), schedules.Linear(0.5, 1.0, 10), order="from_top"),
    Capacity(1.5, gamma=7.0),
    Capacity(schedules.Linear(0.2, 1.0, 10)),
    TotalCorrelation(3.0),
    ImportanceWeighted(1),
    ImportanceWeighted(4),
    ImportanceWeighted(4, doubly_reparameterized=True),
    ImportanceWeighted(4, True, beta=schedules.Linear(0.5, 1.0, 10)),
]
