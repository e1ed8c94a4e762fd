"""How many agents a queue needs: Erlang C.

Arrivals are Poisson, handling times exponential, customers wait rather than leave. Source: A. K.
Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
telephone exchanges", 1917; the recursion is that of Erlang B.
"""

from __future__ import annotations

import math


def waits(agents: int, load: float) -> float:
    """Return the probability that a customer has to wait.

    Parameters
    ----------
    agents : int
        Agents at work.
    load : float
        Offered load in erlangs: arrivals per hour times hours of handling.

    Returns
    -------
    float
        1 where the load reaches the agents: the queue grows without end.
    """
    if load >= agents:
        return 1.0
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = load * blocked / (number + load * blocked)
    return agents * blocked / (agents - load * (1 - blocked))


def answered_in_time(agents: int, load: float, handling: float, within: float) -> float:
    """Return the share of customers whose wait is at most ``within`` (the unit of ``handling``)."""
    if load >= agents:
        return 0.0
    if handling <= 0:
        return 1.0
    return 1 - waits(agents, load) * math.exp(-(agents - load) * within / handling)


def agents_needed(
    *, arrivals: float, handling_seconds: float, share: float, within_seconds: float
) -> int:
    """Return the fewest agents that answer a share of customers in time.

    Parameters
    ----------
    arrivals : float
        Conversations an hour.
    handling_seconds : float
        Mean work of one conversation.
    share : float
        Target, 0 to 1, exclusive.
    within_seconds : float
        Time that counts as in time.

    Raises
    ------
    ValueError
        If a number is negative or the share is not between 0 and 1.
    """
    if min(arrivals, handling_seconds, within_seconds) < 0 or not 0 < share < 1:
        raise ValueError(
            f"arrivals={arrivals}, handling_seconds={handling_seconds}, share={share}, "
            f"within_seconds={within_seconds}: expected none below 0 and a share between 0 and 1"
        )
    if arrivals == 0:
        return 0
    load = arrivals * handling_seconds / 3600
    agents = math.floor(load) + 1
    while answered_in_time(agents, load, handling_seconds, within_seconds) < share:
        agents += 1
    return agents
