"""Drawing only: arrays in, drawn axes out. No torch, no widgets, no training.

A lesson takes the module of its subject as ``draw``, and the colours:

    from course_utils.plots import games as draw, palette
    palette.use()

What lives where:

    palette                                  one look for everything; who is drawn in which colour
    describe                                 what a figure shows, in words
    layout                                   axes and margins in inches, words at axes, how numbers are written
    divergences, parallel_lines, transport, games, playground, style_transfer      lessons 1 to 4, 8 and 7
    images, latents, architecture, training, quality, critics, conditional         lessons 5, 6 and 11
    replay, quantities, transport_panels     what apps show beside a picture
"""
