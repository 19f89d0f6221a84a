"""Fine: gradients of the predicted class, guided at every activation."""
