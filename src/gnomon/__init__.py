"""Class labels in, keypoints out."""
