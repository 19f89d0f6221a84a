"""Settings that tests share."""

from gnomon.presets import SettingChanges

MAP_PEAKS: SettingChanges = {
    "points": "map",
    "coarse": "map",
    "fine": "guided-layers",
    "coarse_smoothing": 8.0,
    "fine_smoothing": 1.0,
    "coarse_weight": 0.05,
    "radius": 10.0,
    "keep": 0.1,
    "refine_window": 7,
    "refine_sums": "weighted",
}
"""Keypoints that are peaks of the confidence map, of both maps smoothed."""
