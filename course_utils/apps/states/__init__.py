"""The named states of the apps, one module for each: what to show, and the sentence that says what to see.

They are data about a controller, which takes them as its ``states``; none of them knows widgets, and none imports the
controller. tests/apps/test_states.py visits every one and measures every number.
"""
