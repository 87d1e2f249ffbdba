"""Drawing only: arrays in, drawn axes out. No torch, no widgets, no training."""
