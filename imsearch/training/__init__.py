"""The kit of the recipes: losses, metrics, fitting, calibration, reports. PyTorch lives here and in the models."""
