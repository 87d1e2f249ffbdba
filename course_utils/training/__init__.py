"""One loop for everything that is trained; it knows nothing of GANs.

What lives where:

    average   a network whose weights are averaged over the training
    graphs    a whole step as one CUDA graph
    guard     stops at numbers that are no longer finite, and goes back
    log       what was measured at each step
    state     all that a training depends on, taken out and put back
"""
