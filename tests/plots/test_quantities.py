"""What the replay calls the quantities of a run, and on which axes it shows them."""

from course_utils.plots import quantities
from course_utils.recording import load_recording, recordings


def test_every_recorded_quantity_of_the_runs_that_ship_has_one_panel():
    for name in recordings():
        run = load_recording(name)
        recorded = {*run.metrics, *run.evaluations}
        panels = [quantities.panel_for(title, recorded) for title in quantities.panel_titles(recorded)]
        shown = [quantity for panel in panels for quantity in panel.names if quantity in recorded]
        # only their difference is shown
        critic = {"d_real", "d_fake"} if "critic_estimate" in recorded else set()
        assert sorted(shown) == sorted(recorded - critic)


def test_every_known_quantity_is_recorded_in_a_run_that_ships():
    runs = [load_recording(name) for name in recordings()]
    recorded = {quantity for run in runs for quantity in (*run.metrics, *run.evaluations)}
    assert set(quantities.LABELS) <= recorded


def test_an_unknown_quantity_has_a_panel_of_its_own_under_its_own_name():
    titles = quantities.panel_titles(["d_real", "inception_score"])
    assert titles == [quantities.JUDGE, "inception_score"]
    assert quantities.panel_for("inception_score", ["inception_score"]).names == ("inception_score",)
    label, color = quantities.label_and_color("inception_score")
    assert label == "inception score"
    assert color not in {known for _, known in quantities.LABELS.values()}


def test_a_critic_is_shown_by_its_estimate():
    recorded = ["d_real", "d_fake", "critic_estimate"]
    assert quantities.panel_titles(recorded) == [quantities.JUDGE]
    assert quantities.panel_for(quantities.JUDGE, recorded).names == ("critic_estimate",)
