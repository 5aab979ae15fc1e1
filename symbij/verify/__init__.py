"""The audit of maps, inverses and log-dets that people wrote by hand."""
