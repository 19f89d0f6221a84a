"""A page to work in: explore images, judge a run's keypoints."""
