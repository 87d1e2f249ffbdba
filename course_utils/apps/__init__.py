"""Interactive apps: a widget-free controller each, and one shared frame that shows it with ipywidgets."""
